package dev.kernelet.cli;

/**
 * Reads flags as Go's package flag does: {@code -name}, {@code --name}, {@code --name=value}, {@code --name
 * value}; a boolean takes its value only after "=". Ends at the first argument that is no flag, or after
 * "--".
 *
 * <pre>
 *     while (flags.next()) switch (flags.name()) { case "quiet" -> quiet = flags.bool(); ... }
 *     rest begins at flags.position()
 * </pre>
 */
final class Flags {
    private final String[] arguments;
    private int position;
    private String name;
    private String attached; // after "=", or null

    Flags(String[] arguments, int position) {
        this.arguments = arguments;
        this.position = position;
    }

    /** Advances to the next flag; false when there is none. */
    boolean next() {
        if (position >= arguments.length) return false;
        String argument = arguments[position];
        if (argument.length() < 2 || argument.charAt(0) != '-') return false;
        position++;
        int dashes = argument.charAt(1) == '-' ? 2 : 1;
        if (argument.length() == dashes) return false; // "--"
        int equals = argument.indexOf('=', dashes);
        name = equals < 0 ? argument.substring(dashes) : argument.substring(dashes, equals);
        attached = equals < 0 ? null : argument.substring(equals + 1);
        if (name.isEmpty() || name.charAt(0) == '-') throw new UsageException("bad flag syntax: " + argument);
        return true;
    }

    String name() { return name; }

    /** Index of the first argument after the flags. */
    int position() { return position; }

    String string() {
        if (attached != null) return attached;
        if (position >= arguments.length) throw new UsageException("flag needs an argument: --" + name);
        return arguments[position++];
    }

    boolean bool() {
        if (attached == null) return true;
        return switch (attached) {
            case "1", "t", "T", "true", "TRUE", "True" -> true;
            case "0", "f", "F", "false", "FALSE", "False" -> false;
            default -> throw bad(attached, "true or false");
        };
    }

    /** A boolean, or one more word, which counts as false. */
    boolean boolOr(String word) { return !word.equals(attached) && bool(); }

    /** One of the given words. */
    String word(String... words) {
        String value = string();
        for (String word : words) {
            if (word.equals(value)) return value;
        }
        throw bad(value, String.join(", ", words));
    }

    /** A whole number from {@code least} on. */
    int integer(int least) {
        String value = string();
        try {
            int n = Integer.parseInt(value);
            if (n >= least) return n;
        } catch (NumberFormatException e) {
            // Below.
        }
        throw bad(value, "a whole number, at least " + least);
    }

    /** Bytes: a whole number, or one followed by K, M, G or T (powers of 1024). */
    long bytes() {
        String value = string();
        long n = parseBytes(value);
        if (n < 0) throw bad(value, "a number of bytes, like 512M");
        return n;
    }

    /** -1 when it is no size. */
    static long parseBytes(String value) {
        int end = value.length(), shift = 0;
        if (end > 1 && (value.charAt(end - 1) | 0x20) == 'b') end--;
        if (end > 1) {
            shift = switch (value.charAt(end - 1) | 0x20) {
                case 'k' -> 10;
                case 'm' -> 20;
                case 'g' -> 30;
                case 't' -> 40;
                default -> 0;
            };
            if (shift != 0) end--;
        }
        try {
            long n = Long.parseLong(value.substring(0, end));
            return n < 0 || n > Long.MAX_VALUE >> shift ? -1 : n << shift;
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    UsageException bad(String value, String expected) {
        return new UsageException("invalid value \"" + value + "\" for flag --" + name + ": expected " + expected);
    }

    UsageException unknown() {
        return new UsageException("flag provided but not defined: --" + name);
    }
}
