# javac and a multi-threaded Java program with garbage collection.
jdk=; for d in ${JAVA_HOME:+"$JAVA_HOME"} /usr/lib/jvm/temurin-25-jdk-amd64 /usr/lib/jvm/*; do [ -x "$d/bin/javac" ] && jdk=$d && break; done
[ -n "$jdk" ] || { echo "no JDK"; exit 77; }
cat > Main.java << 'END'
import java.io.*; import java.net.*; import java.nio.file.*; import java.util.*; import java.util.concurrent.*; import java.util.concurrent.atomic.*;
public class Main {
    public static void main(String[] args) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(8); List<Future<Long>> all = new ArrayList<>();
        for (int t = 0; t < 16; t++) { int n = t; all.add(pool.submit(() -> { long s = 0; List<byte[]> keep = new ArrayList<>();
            for (int i = 0; i < 2000; i++) { byte[] b = new byte[10000]; b[i % 100] = (byte) n; s += b[i % 100]; if (i % 50 == 0) keep.add(b); if (keep.size() > 20) keep.clear(); } return s; })); }
        long sum = 0; for (Future<Long> f : all) sum += f.get(); System.out.println("sum " + sum); pool.shutdown(); System.out.println(pool.awaitTermination(10, TimeUnit.SECONDS)); System.gc();
        AtomicInteger n = new AtomicInteger(); Thread[] ts = new Thread[50]; for (int i = 0; i < 50; i++) (ts[i] = new Thread(() -> { for (int k = 0; k < 1000; k++) n.incrementAndGet(); })).start(); for (Thread t : ts) t.join(); System.out.println(n);
        try (ServerSocket s = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) { Thread c = new Thread(() -> { try (Socket k = new Socket(s.getInetAddress(), s.getLocalPort())) { k.getOutputStream().write("over tcp\n".getBytes()); } catch (IOException e) { System.out.println(e); } }); c.start();
            try (Socket a = s.accept(); BufferedReader r = new BufferedReader(new InputStreamReader(a.getInputStream()))) { System.out.println(r.readLine()); } c.join(); }
        Process p = new ProcessBuilder("sh", "-c", "read x; echo got $x; exit 3").start(); p.getOutputStream().write("line\n".getBytes()); p.getOutputStream().close(); System.out.print(new String(p.getInputStream().readAllBytes())); System.out.println(p.waitFor());
        Path f = Files.writeString(Path.of("out.txt"), "text\n".repeat(1000)); System.out.println(Files.size(f) + " " + Files.lines(f).count()); Files.walk(Path.of(".")).filter(Files::isRegularFile).map(x -> x.getFileName().toString()).filter(x -> x.endsWith(".txt")).forEach(System.out::println);
        try { ((Object) null).hashCode(); } catch (NullPointerException e) { System.out.println("npe"); } try { deep(0); } catch (StackOverflowError e) { System.out.println("overflow"); }
        Object lock = new Object(); synchronized (lock) { long t = System.nanoTime(); lock.wait(100); System.out.println(System.nanoTime() - t > 90_000_000L); } Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook"))); System.exit(5);
    }
    static int deep(int n) { return deep(n + 1) + 1; }
}
END
"$jdk/bin/javac" -J-Xmx300m Main.java; echo "javac $?"; ls *.class
"$jdk/bin/java" -Xmx128m Main; echo "exit $?"
"$jdk/bin/java" -Xmx128m -XX:+UseSerialGC Main | md5sum; "$jdk/bin/java" -Xmx64m -XX:+UseParallelGC -Xint -version 2>&1 | wc -l
