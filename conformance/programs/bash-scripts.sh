# Shell language: arithmetic, arrays, functions, traps, here documents, substitutions, subshells.
set -u
sum=0; for i in $(seq 1 500); do sum=$((sum + i * i)); done; echo "sum $sum"
declare -A map=([one]=1 [two]=2 [three]=3); for k in one two three; do echo "$k=${map[$k]}"; done
fib() { if [ "$1" -lt 2 ]; then echo "$1"; else echo $(( $(fib $(($1 - 1))) + $(fib $(($1 - 2))) )); fi; }
echo "fib $(fib 10)"
cat << END | tr a-z A-Z
here document $((6 * 7))
END
trap 'echo "exit trap $?"' EXIT
trap 'echo got USR1' USR1; kill -USR1 $$
(exit 7); echo "subshell $?"
false || echo "or branch"
x=$(echo nested $(echo "deep $(echo deeper)")); echo "$x"
while read -r a b; do echo "$b-$a"; done <<< $'1 x\n2 y\n3 z'
diff <(seq 1 5) <(seq 1 6); echo "diff $?"
printf '%05d %s %q\n' 42 text 'a b'
echo "${x^^} ${x:7:4} ${x/deep/flat} ${#x}"
exec 5> five; echo to five >&5; exec 5>&-; cat five
sleep 0.1 & wait $!; echo "waited $?"
set -o pipefail; false | true; echo "pipefail $?"
case abc in a*) echo glob ;; esac
echo a{1..3}b{x,y}
( ulimit -n 50; ulimit -n )
$SHELL -c 'echo "inner $0 $1"' name arg 2> /dev/null || bash -c 'echo "inner $0 $1"' name arg
sh -c 'kill -TERM $$'; echo "killed $?"
no-such-command-here 2> /dev/null; echo "not found $?"
exit 3 &
wait $! ; echo "background $?"
mapfile -t lines < <(seq 10 15); echo "${lines[@]}"
coproc { read -r line; echo "coproc $line"; }; echo hi >&"${COPROC[1]}"; read -r answer <&"${COPROC[0]}"; echo "$answer"; wait
