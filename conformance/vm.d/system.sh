# The kernel, and a start on it.
echo "# $(uname -r), $(stat -fc %T /sys/fs/cgroup), $(cat /proc/1/comm)"
check hello "$($K do echo hello)" hello
check hello-as-a-user "$(setpriv --reuid=65534 --regid=65534 --clear-groups $K do sh -c 'id -u; echo hello')" $'65534\nhello'
check hello-on-ptrace "$($K --platform=ptrace do echo hello)" hello
# Landlock keeps them in from Linux 6.12 on.
[ "$(printf '%s\n' 6.12 "$(uname -r)" | sort -V | head -n 1)" = 6.12 ] && unsaid=0 || unsaid=1
check signals-are-not-said-to-be-kept-in "$($K doctor --security | grep -c 'signals are not kept in')" $unsaid
for family in exec path unix futex pipe; do
	check "family-$family" "$(conformance/run --kernelet $family 2>&1 | grep -c '[1-9][0-9]* passed *0 failed')" 1
done
