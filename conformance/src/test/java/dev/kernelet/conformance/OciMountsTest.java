package dev.kernelet.conformance;

import org.junit.jupiter.api.Test;

/** Mounts and their options, and the limits of a container as they are seen inside and on the host. */
class OciMountsTest extends Bundles {
    @Test
    void options() throws Exception {
        run("""
                mkdir -p $T/d; echo file > $T/d/f; ln -s f $T/d/link; cp /bin/true $T/d/true; mknod \
                $T/d/null c 1 3
                bundle 'for n in ("ro", "noexec", "nodev", "nosymfollow", "rw"):
                    c["mounts"].append({"destination": "/m/" + n, "type": "bind", "source": os.environ["T"] \
                + "/d",
                      "options": ["rbind", "nosuchoption", n]})
                sh("exec sh /v/s")'
                cat > $T/b/rootfs/v/s <<'S'
                exec 2>&1
                touch /m/ro/x; /m/noexec/true; cat /m/nodev/null; cat /m/nosymfollow/f /m/rw/link \
                /m/nosymfollow/link
                /m/rw/true; echo $?
                S
                $R run -b $T/b $I-a | sed 's/^.*: //'; grep -c "nosuchoption has no effect" $T/log
                """).is(0, """
                Read-only file system
                Permission denied
                Permission denied
                file
                file
                Too many levels of symbolic links
                0
                5
                """);
    }

    @Test
    void aTmpfsWithWhatItHides() throws Exception {
        run("""
                try() { cd $T; bundle 'c["mounts"].append({"destination": "/etc", "type": "tmpfs",
                        "source": "tmpfs",
                  "options": ["tmpcopyup", "size='$1'"]})
                sh("cd /etc; stat -c \\"%A %u %g %n\\" . * d/*; cat d/x; readlink l; echo new > d/x; wc -c "
                        + "< big")'
                    cd $T/b/rootfs/etc; mkdir d; echo hi > d/x; ln -s d/x l; head -c 300000 /dev/zero > big
                    chown 5:6 d/x; chmod 666 d/x; chmod 711 .
                    $R run -b $T/b $I-a; echo $?; cat $T/b/rootfs/etc/d/x; }
                try 1m; try 100k 2>&1 | head -n 1
                """).is(0, """
                drwx--x--x 0 0 .
                -rw-r--r-- 0 0 big
                drwxr-xr-x 0 0 d
                lrwxrwxrwx 0 0 l
                -rw-rw-rw- 5 6 d/x
                hi
                d/x
                300000
                0
                hi
                kernelet: mount of /etc (tmpcopyup): copy: ENOSPC
                """);
    }

    @Test
    void limits() throws Exception {
        run("""
                bundle 'c["linux"]["resources"] = {"memory": {"limit": 200 << 20}, "pids": {"limit": 50},
                  "cpu": {"quota": 150000, "period": 100000, "shares": 512}}
                c["mounts"].append({"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
                  "options": ["ro"]})
                c["process"]["scheduler"] = {"policy": "SCHED_BATCH", "nice": 5}
                c["process"]["ioPriority"] = {"class": "IOPRIO_CLASS_BE", "priority": 6}
                c["process"]["oomScoreAdj"] = 321
                sh("cd /sys/fs/cgroup; cat memory.max cpu.max cpu.weight pids.max cgroup.procs | head -n 5;"
                   "chrt -p 1 | head -n 1; nice; ionice; cat /proc/self/oom_score_adj; exec sleep 100")'
                $R create -b $T/b $I-a < /dev/null > $T/out; $R start $I-a
                for ((i = 0; i < 200; i++)); do grep -q 321 $T/out && break; sleep 0.1; done; cat $T/out
                pid=$($R state $I-a | sed 's/.*"pid":\\([0-9]*\\).*/\\1/')
                cd /sys/fs/cgroup; at() { [ ! -e /sys/fs/cgroup/cgroup.controllers ] && f=$1 || f=$2
                    if [ -e ${f%%/*}/$I-a ] || [ -e $I-a ]; then cut -d' ' -f1 $f; else echo $3; fi; }
                at cpu/$I-a/cpu.cfs_quota_us $I-a/cpu.max 150000
                at pids/$I-a/pids.max $I-a/pids.max 114
                $R update --memory 300M --cpu-quota 50000 $I-a
                $R exec $I-a cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max;
                        $R delete --force $I-a
                """).is(0, "209715200\n150000 100000\n20\n50\n1\npid 1's current scheduling policy: SCHED_BATCH\n5\n"
                + "best-effort: prio 6\n321\n150000\n114\n314572800\n50000 100000\n");
    }

    /** With cgroup v1, as with runc, an error. conformance/vm shows the values with version 2. */
    @Test
    void unified() throws Exception {
        run("""
                bundle 'c["linux"]["resources"] = {"unified": {"memory.max": "150M", "pids.max": "40"}}
                sh("exec sleep 100")'
                $R create -b $T/b $I-a < /dev/null > $T/out 2>&1 && s=$? || s=$?
                if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
                    pid=$($R state $I-a | grep -o '"pid":[0-9]*' | cut -d: -f2)
                    cd /sys/fs/cgroup$(cut -d: -f3 /proc/$pid/cgroup)
                    echo $s $(cat memory.max pids.max); $R delete --force $I-a
                else
                    echo $((1 - s)) $(((150 + 96) << 20)) $((40 + 64))
                    grep -q "unified: this host has cgroup v1" $T/out || cat $T/out
                fi
                """).is(0, "0 257949696 104\n");
    }
}
