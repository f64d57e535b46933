package dev.kernelet.cli;

import java.io.BufferedReader;
import java.io.FileReader;
import java.io.IOException;

/**
 * While bin/dist makes the AOT cache: loads every class of the jar, so that all are in the cache. Once the Sentry is confined
 * the virtual machine cannot open the jar any more.
 */
final class Training {
    private Training() {}

    /** @param list a file with the names of the jar's entries */
    static void load(String list) {
        try (var lines = new BufferedReader(new FileReader(list))) {
            for (String line; (line = lines.readLine()) != null; ) {
                if (!line.endsWith(".class") || line.indexOf('-') >= 0) continue;
                Class.forName(line.substring(0, line.length() - 6).replace('/', '.'), false, Training.class.getClassLoader());
            }
        } catch (IOException | ClassNotFoundException e) {
            System.err.println("kernelet: training: " + e);
        }
    }
}
