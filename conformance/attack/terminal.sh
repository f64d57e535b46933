# What names that speak to a terminal make Kernelet print: run as `bash terminal.sh KERNELET DIRECTORY`; control characters
# in what it prints are shown, then how many messages there were.
K=$1
cd "$2" || exit 2
N=$'\e]0;title\a\e[2J\x9b2J\r'
mkdir b b/rootfs && cd b || exit 2
$K spec && sed -i 's/"sh"/"\\u001b[2J\\u009b2J"/' config.json
{
	$K do "/$N"
	$K "--$N" do true
	$K "--platform=$N" do true
	$K "$N"
	$K do --volume "/$N" true
	$K do --cwd "/$N" true
	$K kill "$N" "$N"
	$K "--debug-log=/proc/$N/" do true
	$K --debug --alsologtostderr --debug-log=log do "/$N"
	$K run --bundle "/$N" x
	$K --root r run x
	mkdir "$N" && cp config.json "$N" && $K --root r run --bundle "$N" x
} > ../said 2>&1
LC_ALL=C tr -d '\n\t -~\302' < ../said | od -An -c
grep -c '^kernelet: ' ../said
