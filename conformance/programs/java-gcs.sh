# A Java program under each garbage collector, compiled by javac; jar, jshell-less tools.
jdk=; for d in ${JAVA_HOME:+"$JAVA_HOME"} /usr/lib/jvm/temurin-25-jdk-amd64 /usr/lib/jvm/*; do [ -x "$d/bin/javac" ] && jdk=$d && break; done
[ -n "$jdk" ] || { echo "no JDK"; exit 77; }
cat > Gc.java << 'END'
import java.util.*; import java.util.stream.*;
public class Gc {
    record Node(int value, Node next) {}
    public static void main(String[] a) throws Exception {
        Map<Integer, byte[]> live = new HashMap<>(); Random r = new Random(1); long check = 0;
        for (int i = 0; i < 60000; i++) { live.put(r.nextInt(300), new byte[r.nextInt(8000)]); if (i % 100 == 0) { Node n = null; for (int k = 0; k < 200; k++) n = new Node(k, n); check += n.value; } }
        Thread[] ts = new Thread[6]; long[] sums = new long[6];
        for (int t = 0; t < 6; t++) { int n = t; (ts[t] = new Thread(() -> { for (int i = 0; i < 20000; i++) sums[n] += ("s" + i).hashCode() + new int[50].length; })).start(); }
        for (Thread t : ts) t.join();
        System.gc(); System.out.println(check + " " + Arrays.stream(sums).sum() + " " + live.size() + " " + IntStream.range(0, 100000).parallel().mapToLong(x -> x).sum());
        try { Object[] all = new Object[1000]; for (int i = 0; ; i++) all[i] = new byte[10 << 20]; } catch (OutOfMemoryError e) { System.out.println("out of memory"); }
    }
}
END
"$jdk/bin/javac" -J-Xmx200m -g Gc.java && mkdir out && mv *.class out && "$jdk/bin/jar" -cfe gc.jar Gc -C out . && "$jdk/bin/jar" -tf gc.jar | sort
for gc in Serial Parallel G1 Z; do echo "$gc"; "$jdk/bin/java" -Xmx160m -XX:+Use${gc}GC -jar gc.jar; done
"$jdk/bin/java" -Xmx160m -XX:+UseSerialGC -Xlog:disable -XX:TieredStopAtLevel=1 -jar gc.jar | md5sum; "$jdk/bin/javap" -cp out -p Gc | grep -c main
