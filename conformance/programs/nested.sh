# Kernelet runs Kernelet: what one of its stubs needs of the kernel (seccomp traps, %gs, CLONE_PARENT, descriptors over sockets, shared
# futexes), a guest kernel has to offer.
kernelet=$(dirname "$0")/../../dist/out/bin/kernelet
[ -x "$kernelet" ] || { echo "no distribution"; exit 77; }
"$kernelet" do echo hello
"$kernelet" do sh -c 'for i in 1 2 3; do echo $i | cat; done; exit 5'; echo "status $?"
"$kernelet" do sh -c 'kill -TERM $$'; echo "status $?"
"$kernelet" do sh -c 'seq 1 20000 | sort -n | tail -1; ls / | grep -c ^usr$'
"$kernelet" do python3 -c 'import threading
t = [threading.Thread(target=print, args=(i,)) for i in range(3)]
for x in t: x.start(); x.join()'
