package dev.kernelet.conformance;

import org.junit.jupiter.api.Test;

/** User namespaces of containers: ids inside and on the host, for root and for ordinary users. */
class OciUsersTest extends Bundles {
    /** Python: {@code ids(OF_USERS, OF_GROUPS)}, lists of containerID, hostID and size. */
    private static final String IDS = """
            def maps(l): return [dict(zip(("containerID", "hostID", "size"), m)) for m in l]
            def ids(u, g):
                c["linux"]["namespaces"].append({"type": "user"})
                c["linux"]["uidMappings"], c["linux"]["gidMappings"] = maps(u), maps(g)
            caps = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_SETUID", "CAP_SETGID"]
            c["process"]["capabilities"] = {k: caps for k in ("bounding", "effective", "permitted")}
            """;

    @Test
    void mappedIds() throws Exception {
        run("bundle '" + IDS + """
                ids([(0, 100000, 1000)], [(0, 200000, 1000)])
                c["mounts"].append({"destination": "/m", "type": "bind", "source": os.environ["T"] + "/m",
                  "uidMappings": maps([(0, 100000, 1000)]), "gidMappings": maps([(0, 200000, 1000)])})
                sh("exec sh /v/s")'
                cat > $T/b/rootfs/v/s <<'S'
                cat /proc/self/uid_map | tr -s " "; stat -c "%u %g %n" /v/f /secret /m/f
                cat /secret 2>&1; chmod 777 /secret 2>&1; chown 2000:1 /v/f 2>&1; echo more 2>&1 >> /v/f
                touch /v/new; chown 7:8 /v/new; touch /m/new; chown 3:4 /m/new; mkdir /v/d
                setpriv --reuid=5 --regid=6 --clear-groups touch /tmp/x
                S
                mkdir $T/m; touch $T/m/f; chown 1:1 $T/m/f; cd $T/b/rootfs
                touch v/f; echo s > secret; chmod 600 secret; chown 50:50 secret; chown 100005:200006 v/f
                chown 100000:200000 . v tmp; chmod 1777 tmp
                $R run -b $T/b $I-a; cd $T/b/rootfs; stat -c "%u %g %n" v/new v/d tmp/x; stat -c "%u %g" \
                $T/m/new
                """).is(0, """
                 0 100000 1000
                5 6 /v/f
                65534 65534 /secret
                1 1 /m/f
                cat: /secret: Permission denied
                chmod: changing permissions of '/secret': Operation not permitted
                chown: changing ownership of '/v/f': Invalid argument
                100007 200008 v/new
                100000 200000 v/d
                100005 200006 tmp/x
                3 4
                """);
    }

    @Test
    void whatCannotBeIsRefused() throws Exception {
        run("try() { bundle '" + IDS + """
                '"$1"; $R run -b $T/b $I-a 2>&1 < /dev/null | head -n 1 | cut -c1-55 | sed 's/ *$//'; }
                try 'c["linux"]["uidMappings"] = maps([(0, 1, 1)])'
                try 'ids([], [(0, 0, 1)])'
                try 'ids([(0, 100, 2), (1, 200, 1)], [(0, 0, 1)])'
                try 'ids([(0, 4294967295, 2)], [(0, 0, 1)])'
                try 'ids([(0, 100, 9)], [(0, 100, 9)]); c["process"]["user"] = {"uid": 9, "gid": 0}'
                try 'c["linux"]["namespaces"].append({"type": "user", "path": "/proc/1/ns/user"})'
                """).is(0, """
                kernelet: config.json: linux.uidMappings without a user
                kernelet: config.json: a user namespace without linux.u
                kernelet: config.json: linux.uidMappings[]: expected ra
                kernelet: config.json: linux.uidMappings[]: expected a
                kernelet: process.user: 9:0 is not in linux.uidMappings
                kernelet: config.json: linux.namespaces: the user names
                """);
    }

    /** An ordinary user: with ids of subuid(5), for which files of our own are put in place, and without. */
    @Test
    void anOrdinaryUser() throws Exception {
        run("bundle '" + IDS + """
                ids([(0, 65534, 1), (1, 300000, 1000)], [(0, 65534, 1), (1, 300000, 1000)])
                c["linux"]["namespaces"] = [n for n in c["linux"]["namespaces"] if n["type"] != "network"]
                sh("id -u; touch /v/mine /v/his; chown 5:6 /v/his 2> /dev/null || echo not given; exit 3")'
                chmod 711 $T; chown -R 65534:65534 $T/b; mkdir $T/state; chown 65534 $T/state; touch $T/log;
                        chmod 666 $T/log
                echo nobody:300000:1000 > $T/subid
                user="setpriv --reuid=65534 --regid=65534 --clear-groups"
                unshare -m bash -c "mount --bind $T/subid /etc/subuid; mount --bind $T/subid /etc/subgid
                    $user $R run -b $T/b $I-a 2>&1"; echo $?; stat -c "%u %g" $T/b/rootfs/v/{mine,his}
                rm $T/b/rootfs/v/*; $user $R run -b $T/b $I-a 2> $T/e; echo $?; grep -c subuid $T/log
                stat -c "%u %g" $T/b/rootfs/v/{mine,his}
                $user bash -c "$R create -b $T/b $I-a < /dev/null > /dev/null 2>&1; $R start $I-a"
                until_stopped $I-a; $user $R delete $I-a; rmdir $T/state
                """).is(0, "0\n3\n65534 65534\n300004 300005\n0\nnot given\n3\n1\n65534 65534\n65534 65534\n");
    }
}
