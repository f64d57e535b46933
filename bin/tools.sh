# Sourced by the scripts of bin/: finds the tools a build needs. Two lines on standard error and status 128 when one is missing.

fail() { # what, remedy
	printf 'kernelet: %s\n%s\n' "$1" "$2" >&2
	exit 128
}

java_major() { # DIRECTORY: the feature release of the JDK there, 0 when there is none
	local line version=0
	if [ -x "$1/bin/javac" ] && [ -r "$1/release" ]; then
		while IFS= read -r line; do
			case $line in JAVA_VERSION=*)
				version=${line#*=}
				version=${version//\"/}
				version=${version%%[.+-]*} ;;
			esac
		done < "$1/release"
	fi
	printf %s "${version:-0}"
}

find_jdk() { # sets and exports JAVA_HOME: the given one, else the newest found
	local candidate path best= best_major=24 major
	for candidate in "${KERNELET_JAVA_HOME-}" "${JAVA_HOME-}"; do
		if [ -n "$candidate" ] && [ "$(java_major "$candidate")" -ge 25 ]; then
			export JAVA_HOME=$candidate
			return
		fi
	done
	path=$(command -v javac || command -v java) && path=$(readlink -f "$path") || path=
	for candidate in /usr/lib/jvm/* /opt/java/* /opt/jdk* "$HOME"/.sdkman/candidates/java/* "${path%/bin/*}"; do
		major=$(java_major "$candidate")
		if [ "$major" -gt "$best_major" ]; then best=$candidate best_major=$major; fi
	done
	[ -n "$best" ] || fail "no JDK 25 or newer found (looked at JAVA_HOME, /usr/lib/jvm, /opt and the PATH)" \
		"Install one, for example Temurin from https://adoptium.net (package temurin-25-jdk) or apt-get install openjdk-25-jdk-headless, or set JAVA_HOME."
	export JAVA_HOME=$best
}

find_tools() { # JDK, Maven, C compiler
	find_jdk
	command -v mvn > /dev/null || fail "Maven (mvn) not found" "Install it: apt-get install maven (3.8 or newer)."
	# Java takes the home directory from the list of users, where it may not exist: $HOME counts, or the tree itself.
	if [ -n "${HOME-}" ] && [ -w "$HOME" ]; then
		export MAVEN_OPTS="-Duser.home=$HOME ${MAVEN_OPTS-}"
	else
		export MAVEN_OPTS="-Dmaven.repo.local=$top/target/repository ${MAVEN_OPTS-}"
	fi
	command -v "${CC:-gcc}" > /dev/null || fail "no C compiler (${CC:-gcc}) found" "Install one: apt-get install gcc libc6-dev."
}

build_launcher() { # OUTPUT
	local source=$top/cli/src/main/native file newest=yes
	for file in "$source"/*.[ch]; do [ "$1" -nt "$file" ] || newest=; done
	[ -z "$newest" ] || return 0
	"${CC:-gcc}" -O2 -Wall -Wextra -pthread -Wl,-z,relro,-z,now -Wl,--build-id=none \
		-Wl,--export-dynamic-symbol=_exit -I "$JAVA_HOME/include" -I "$JAVA_HOME/include/linux" \
		-o "$1.new" "$source"/*.c -ldl
	mv "$1.new" "$1"
}

build_runtime() { # OUTPUT: a runtime of java.base alone, or a link to the JDK when jlink cannot make one
	local stamp=$1.from
	[ -e "$1/lib/server/libjvm.so" ] && [ "$(cat "$stamp" 2> /dev/null)" = "$JAVA_HOME $(cksum < "$JAVA_HOME/release")" ] && return
	rm -rf "$1"
	if ! "$JAVA_HOME/bin/jlink" --add-modules java.base --strip-java-debug-attributes --no-header-files --no-man-pages \
		--output "$1"; then
		echo "jlink failed: the JDK itself is used as the runtime" >&2
		rm -rf "$1"
		ln -s "$JAVA_HOME" "$1"
	fi
	echo "$JAVA_HOME $(cksum < "$JAVA_HOME/release")" > "$stamp"
}
