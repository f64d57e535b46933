package dev.kernelet.cli;

/** The version as shown by {@code --version}; a test keeps it equal to the build's. */
final class Version {
    private Version() {}

    static final String NUMBER = "0.1.0";
}
