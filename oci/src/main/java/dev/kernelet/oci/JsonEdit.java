package dev.kernelet.oci;

import dev.kernelet.sandbox.Failure;

/**
 * Changes one member of a JSON text and leaves every other byte as it is: files of others, with their order
 * and their blanks. The text has been read by {@link Json}, so its form is good.
 */
final class JsonEdit {
    private final String text, what;

    /** Where a member is: its name, its value, and the end of the member before it (or of the brace). */
    private record Member(int before, int name, int value, int end) {}

    private JsonEdit(String text, String what) {
        this.text = text;
        this.what = what;
    }

    /** The value at {@code path} as it is written, or null. */
    static String get(String text, String what, String... path) {
        var e = new JsonEdit(text, what);
        int at = e.skip(0);
        for (int i = 0; i < path.length; i++) {
            Member m = e.find(at, path, i);
            if (m == null) return null;
            if (i == path.length - 1) return text.substring(m.value, m.end);
            at = m.value;
        }
        return null;
    }

    /** The text with {@code value} at {@code path}; objects on the way are made. */
    static String put(String text, String what, String value, String... path) {
        var e = new JsonEdit(text, what);
        int at = e.skip(0);
        for (int i = 0;; i++) {
            Member m = e.find(at, path, i);
            if (m == null) return e.insert(at, path, i, value);
            if (i == path.length - 1) return text.substring(0, m.value) + value + text.substring(m.end);
            at = m.value;
        }
    }

    /** The text without the member at {@code path}. */
    static String remove(String text, String what, String... path) {
        var e = new JsonEdit(text, what);
        int at = e.skip(0);
        for (int i = 0;; i++) {
            Member m = e.find(at, path, i);
            if (m == null) return text;
            if (i == path.length - 1) return e.cut(at, m);
            at = m.value;
        }
    }

    /** The member {@code path[i]} of the object at {@code at}. */
    private Member find(int at, String[] path, int i) {
        if (text.charAt(at) != '{') {
            String where = i == 0 ? "the top level" : String.join(".", java.util.Arrays.copyOf(path, i));
            throw new Failure(what + ": " + where + " is not an object", "Correct the file.");
        }
        int before = at + 1, p = skip(before);
        while (text.charAt(p) != '}') {
            int nameEnd = valueEnd(p), value = skip(skip(nameEnd) + 1), end = valueEnd(value);
            String name = Json.parse("[" + text.substring(p, nameEnd) + "]", what).list().getFirst().string();
            if (name.equals(path[i])) return new Member(before, p, value, end);
            before = end;
            p = skip(end);
            if (text.charAt(p) == ',') p = skip(p + 1);
        }
        return null;
    }

    private String insert(int at, String[] path, int i, String value) {
        var member = new StringBuilder();
        for (int j = i; j < path.length; j++) {
            if (j > i) member.append('{');
            member.append(new JsonText().value(path[j])).append(": ");
        }
        member.append(value).repeat('}', path.length - 1 - i);
        int first = skip(at + 1);
        if (text.charAt(first) == '}') {
            return text.substring(0, at + 1) + member + text.substring(first);
        }
        int last = lastEnd(at);
        String blanks = first == at + 1 ? " " : text.substring(at + 1, first);
        return text.substring(0, last) + "," + blanks + member + text.substring(last);
    }

    private int lastEnd(int at) {
        int end = at + 1, p = skip(end);
        while (text.charAt(p) != '}') {
            end = valueEnd(skip(skip(valueEnd(p)) + 1));
            p = skip(end);
            if (text.charAt(p) == ',') p = skip(p + 1);
        }
        return end;
    }

    private String cut(int at, Member m) {
        int after = skip(m.end);
        if (m.before > at + 1) return text.substring(0, m.before) + text.substring(m.end);
        if (text.charAt(after) == ',') return text.substring(0, m.name) + text.substring(skip(after + 1));
        return text.substring(0, at + 1) + text.substring(after);
    }

    private int skip(int p) {
        while (p < text.length() && " \t\r\n".indexOf(text.charAt(p)) >= 0) p++;
        return p;
    }

    /** The end of the value (or name) that begins at {@code p}. */
    private int valueEnd(int p) {
        int depth = 0;
        do {
            char c = text.charAt(p);
            if (c == '"') {
                for (p++; text.charAt(p) != '"'; p++) if (text.charAt(p) == '\\') p++;
                p++;
            } else if (c == '{' || c == '[') {
                depth++;
                p++;
            } else if (c == '}' || c == ']') {
                depth--;
                p++;
            } else if (depth > 0) {
                p++;
            } else {
                while (p < text.length() && ",]} \t\r\n".indexOf(text.charAt(p)) < 0) p++;
            }
        } while (depth > 0);
        return p;
    }
}
