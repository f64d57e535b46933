# Completion of kernelet for bash, and for zsh after "autoload -U bashcompinit && bashcompinit":
# source this file, or copy it to /usr/share/bash-completion/completions/kernelet.
_kernelet() {
	local commands="do create start run exec kill delete state list ps pause resume wait events update spec features install
		uninstall doctor flags help"
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= i flags=
	for ((i = 1; i < COMP_CWORD; i++)); do
		case " $(echo $commands) " in *" ${COMP_WORDS[i]} "*) command=${COMP_WORDS[i]}; break ;; esac
	done
	COMPREPLY=()
	case $before in
		--platform) COMPREPLY=($(compgen -W "auto systrap ptrace" -- "$word")); return ;;
		--pod-sandbox) COMPREPLY=($(compgen -W "shared separate" -- "$word")); return ;;
		--network) COMPREPLY=($(compgen -W "host none" -- "$word")); return ;;
		--log-format | --debug-log-format) COMPREPLY=($(compgen -W "json text" -- "$word")); return ;;
		--bundle | -b | --root | --cwd | --volume) COMPREPLY=($(compgen -d -- "$word")); return ;;
		--*log | --pid-file | --process | --config_file | --containerd_config | --resources | --console-socket)
			COMPREPLY=($(compgen -f -- "$word")); return ;;
	esac
	case $command in
		"") flags="$commands $("${COMP_WORDS[0]}" flags 2> /dev/null | grep -o '^ *--[a-z0-9-]*')" ;;
		do) flags="--root --cwd --volume --force-overlay --quiet --uid-map --gid-map" ;;
		create | run) flags="--bundle --console-socket --pid-file --preserve-fds --no-pivot --no-new-keyring --detach --keep" ;;
		exec) flags="--process --detach --tty --pid-file --console-socket --cwd --user --env --additional-gids --cap
			--no-new-privs --preserve-fds" ;;
		kill) flags="--all" ;;
		delete) flags="--force" ;;
		list) flags="--format --quiet" ;;
		ps) flags="--format" ;;
		events) flags="--stats --interval" ;;
		update) flags="--resources --memory --memory-reservation --memory-swap --cpu-share --cpu-quota --cpu-period --cpuset-cpus
			--cpuset-mems --pids-limit --blkio-weight" ;;
		spec) flags="--bundle" ;;
		install | uninstall) flags="--runtime --config_file --containerd_config --clobber --experimental" ;;
		doctor) flags="--json --security --volumes" ;;
		help) flags=$commands ;;
	esac
	case $command in
		start | kill | delete | state | ps | pause | resume | wait | events | update | exec)
			[[ $word == -* ]] || flags+=" $("${COMP_WORDS[0]}" list --quiet 2> /dev/null)" ;;
	esac
	COMPREPLY=($(compgen -W "$flags" -- "$word"))
	[ "$command" != do ] || [[ $word == -* ]] || COMPREPLY+=($(compgen -c -- "$word"))
}
complete -o default -F _kernelet kernelet
