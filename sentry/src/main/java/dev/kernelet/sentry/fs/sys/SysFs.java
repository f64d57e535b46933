package dev.kernelet.sentry.fs.sys;

import dev.kernelet.sentry.fs.kernfs.PseudoDirectory;
import dev.kernelet.sentry.fs.kernfs.PseudoFile;
import dev.kernelet.sentry.kernel.Kernel;
import dev.kernelet.sentry.kernel.Task;
import dev.kernelet.sentry.vfs.Dentry;
import dev.kernelet.sentry.vfs.Filesystem;
import dev.kernelet.sentry.vfs.FilesystemTypes;
import dev.kernelet.sentry.vfs.Inode;
import java.util.ArrayList;

/** sysfs. A fixed tree given by file names; its text is what a machine with as many plain processors shows. */
public final class SysFs extends Filesystem implements FilesystemTypes.Type {
    /** Path, then the text behind '='. A path that ends in '/' is an empty directory. */
    private final ArrayList<String> files = new ArrayList<>();

    public SysFs(Kernel kernel) {
        FilesystemTypes.of(kernel).register("sysfs", this);
        int n = kernel.options.processors;
        String all = n == 1 ? "0" : "0-" + (n - 1);
        String mask = mask(n);
        for (String empty : new String[] {"block/", "bus/", "class/", "dev/block/", "dev/char/", "firmware/", "fs/cgroup/",
            "kernel/debug/", "kernel/security/", "module/", "power/", "devices/virtual/", "devices/platform/"}) {
            files.add(empty);
        }
        add("devices/system/cpu/online", all);
        add("devices/system/cpu/possible", all);
        add("devices/system/cpu/present", all);
        add("devices/system/cpu/offline", "");
        add("devices/system/cpu/kernel_max", "8191");
        add("devices/system/cpu/isolated", "");
        for (int i = 0; i < n; i++) processor(i, all, mask);
        add("devices/system/node/online", "0");
        add("devices/system/node/possible", "0");
        add("devices/system/node/has_cpu", "0");
        add("devices/system/node/has_memory", "0");
        add("devices/system/node/node0/cpulist", all);
        add("devices/system/node/node0/cpumap", mask);
        add("devices/system/node/node0/distance", "10");
        add("kernel/mm/transparent_hugepage/enabled", "always [madvise] never");
        add("kernel/mm/transparent_hugepage/defrag", "always defer defer+madvise [madvise] never");
        add("kernel/mm/transparent_hugepage/shmem_enabled", "always within_size advise [never] deny force");
        add("kernel/mm/transparent_hugepage/hpage_pmd_size", "2097152");
        add("kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "0");
        add("kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "0");
        add("class/net/lo/address", "00:00:00:00:00:00");
        add("class/net/lo/mtu", "65536");
        add("class/net/lo/operstate", "unknown");
        add("class/net/lo/flags", "0x9");
        add("class/net/lo/ifindex", "1");
        add("class/net/lo/type", "772");
        root = new Dentry(this, "", null, new Directory(""));
    }

    private void processor(int i, String all, String mask) {
        String cpu = "devices/system/cpu/cpu" + i + "/";
        String one = mask(i + 1, 1L << i % 32, i / 32);
        add(cpu + "topology/core_id", Integer.toString(i));
        add(cpu + "topology/physical_package_id", "0");
        add(cpu + "topology/die_id", "0");
        add(cpu + "topology/thread_siblings", one);
        add(cpu + "topology/thread_siblings_list", Integer.toString(i));
        add(cpu + "topology/core_siblings", mask);
        add(cpu + "topology/core_siblings_list", all);
        add(cpu + "topology/core_cpus", one);
        add(cpu + "topology/core_cpus_list", Integer.toString(i));
        add(cpu + "topology/package_cpus_list", all);
        if (i > 0) add(cpu + "online", "1");
    }

    private void add(String path, String text) { files.add(path + "=" + text + "\n"); }

    private static String mask(int processors) {
        long low = processors >= 32 ? 0xffffffffL : (1L << processors) - 1;
        var s = new StringBuilder(Long.toHexString(processors % 32 == 0 ? 0xffffffffL : (1L << processors % 32) - 1));
        for (int i = 1; i < (processors + 31) / 32; i++) s.append(",ffffffff");
        return processors <= 32 ? Long.toHexString(low) : s.toString();
    }

    private static String mask(int upTo, long word, int index) {
        var s = new StringBuilder(Long.toHexString(word));
        for (int i = 0; i < index; i++) s.append(",00000000");
        return s.toString();
    }

    /** mount(2) of type sysfs: one more. */
    @Override
    public Filesystem make(Task t, String source, String data) { return new SysFs(t.kernel); }

    @Override
    public String type() { return "sysfs"; }

    @Override
    public long magic() { return 0x62656572; }

    private final class Directory extends PseudoDirectory {
        private final String prefix;

        Directory(String prefix) {
            super(SysFs.this, 0555);
            this.prefix = prefix;
        }

        @Override
        protected String[] names() {
            var names = new ArrayList<String>();
            for (String f : files) {
                if (!f.startsWith(prefix) || f.length() == prefix.length()) continue;
                int end = prefix.length();
                while (f.charAt(end) != '/' && f.charAt(end) != '=') end++;
                String name = f.substring(prefix.length(), end);
                if (!names.contains(name)) names.add(name);
            }
            return names.toArray(new String[0]);
        }

        @Override
        protected Inode make(int index, String name) {
            String path = prefix + name;
            for (String f : files) {
                if (f.startsWith(path + "=")) return new Text(f.substring(path.length() + 1));
            }
            return new Directory(path + "/");
        }
    }

    private final class Text extends PseudoFile {
        private final String text;

        Text(String text) {
            super(SysFs.this, 0444);
            this.text = text;
            size = 4096;
        }

        @Override
        protected String text(Task t) { return text; }
    }
}
