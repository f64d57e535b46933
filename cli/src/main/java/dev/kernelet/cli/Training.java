package dev.kernelet.cli;

import java.io.BufferedReader;
import java.io.FileReader;
import java.io.IOException;

/**
 * While bin/dist makes the AOT cache: loads the classes of the jar, so that they are in the cache. Once the Sentry is confined
 * the virtual machine cannot open the jar any more.
 */
final class Training {
    /** Of no use to a confined Sentry, and a start loads all that is in the cache: these come from the jar. */
    private static final String[] LEFT_OUT = {"cli/InstallCommand", "cli/DoctorCommand", "cli/HelpCommand",
            "cli/PlainStart", "sandbox/confine/SecurityReport",
            "cli/StartReport", "cli/UpdateFlags", "oci/Blocks", "oci/EngineFiles", "oci/JsonEdit", "oci/DBus",
            "oci/SystemdScope", "oci/Stats", "oci/Templates", "oci/UpdateRequest",
            "oci/PodClient", "oci/PodMounts"};
    /**
     * What containers take of the library beyond what a program in the training run does (SpeedTest
     * tells).
     */
    private static final String[] LIBRARY = {"SequencedSet", "LinkedHashMap$LinkedEntrySet",
            "LinkedHashMap$LinkedHashIterator", "LinkedHashMap$LinkedEntryIterator", "LinkedHashMap$LinkedValues",
            "LinkedHashMap$LinkedValueIterator", "Arrays$ArrayList", "Arrays$ArrayItr",
            "concurrent.CountDownLatch", "concurrent.CountDownLatch$Sync"};

    private Training() {}

    private static boolean isLeftOut(String entry) {
        for (String name : LEFT_OUT) if (entry.startsWith("dev/kernelet/" + name)) return true;
        return entry.indexOf('-') >= 0;
    }

    /** @param list a file with the names of the jar's entries */
    static void load(String list) {
        try (var lines = new BufferedReader(new FileReader(list))) {
            for (String line; (line = lines.readLine()) != null; ) {
                if (!line.endsWith(".class") || isLeftOut(line)) continue;
                Class.forName(line.substring(0, line.length() - 6).replace('/', '.'), false, Training.class.getClassLoader());
            }
            for (String name : LIBRARY) Class.forName("java.util." + name);
        } catch (IOException | ClassNotFoundException e) {
            System.err.println("kernelet: training: " + e);
        }
    }
}
