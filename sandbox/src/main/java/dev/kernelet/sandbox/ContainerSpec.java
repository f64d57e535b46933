package dev.kernelet.sandbox;

import java.util.ArrayList;
import java.util.LinkedHashMap;

/** What a container is to be: the part of an OCI bundle's config.json that concerns the inside. */
public final class ContainerSpec {
    /** A device node; type is 'c', 'b' or 'p'. */
    public record DeviceNode(String path, char type, int major, int minor, int mode, int uid, int gid) {}

    /** A place below the pod's own: a directory, or a file in one (null: none). See HostRoots.POD. */
    public record Place(String directory, String file) {}

    /** Namespaces that a container that joins a sandbox does not share with its first one. */
    public boolean ownsUts, ownsIpc, ownsPids;

    public String id = "";
    /** Host directory that is "/" inside. */
    public String root = "";
    public boolean readonlyRoot;
    /** Of a container that joins a sandbox, where the Sentry finds {@link #root}; else null. */
    public Place rootPlace;
    /**
     * Writes to the root go to memory and are gone at the end; most bytes of them, 0: no limit of its own.
     */
    public boolean overlayRoot, overlayMounts;
    public long overlaySize;
    /** Where overlays keep large files; see {@link SandboxOptions}. */
    public String overlayMedium = "memory";
    public final ArrayList<MountSpec> mounts = new ArrayList<>();
    public String[] maskedPaths = {}, readonlyPaths = {};
    public final ArrayList<DeviceNode> devices = new ArrayList<>();
    /** Null: the host's. */
    public String hostname, domainname;
    public ProcessSpec process = new ProcessSpec();
    /** By name with dots. */
    public LinkedHashMap<String, String> sysctl = new LinkedHashMap<>();

    /**
     * The seccomp filter of each process that is brought in (struct sock_filter each), or null; whether it
     * logs.
     */
    public long[] seccomp;
    /**
     * User and group ids inside, their ids on the host, how many: three numbers each. None: all are the same.
     */
    public int[] uids = {}, gids = {};
    public boolean isSeccompLogged;

    /** The first process waits until {@link Container#release}, while others may be brought in. */
    public boolean holdsFirst;

    // ---- limits that are enforced and visible inside; 0: none
    public long memoryLimit;
    public int pidsLimit;
    /** Microseconds in each period, 0 for none; the share as cgroup v2 counts it. */
    public long cpuQuota, cpuPeriod = 100_000, cpuWeight = 100;
    /** Processors by quota, rounded up; and those of the cpuset. */
    public int processors;

    public String platform = "systrap", network = "host";
    public boolean strace;
    public int fdLimit = SandboxOptions.DEFAULT_FD_LIMIT;
    public Inherited inherited;
}
