package dev.kernelet.oci;

import dev.kernelet.sandbox.Failure;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A JSON value (RFC 8259) that knows where it stands, so that an error names the field: {@code
 * linux.resources.pids.limit:
 * expected a number}. Strings are byte strings (UTF-8, one char per byte), as all strings that go to the
 * Sentry are.
 *
 * <p>The reader is strict and bounded: size, depth, no duplicate keys, no text after the end. Which members
 * of an object
 * were asked for is remembered: the rest are unknown fields ({@link #unknown}).
 */
final class Json {
    static final int SIZE_MAX = 8 << 20, DEPTH_MAX = 64;

    private final String path;
    /**
     * String, Long, Double, Boolean, ArrayList of Json or LinkedHashMap of String and Json; null is never
     * kept.
     */
    private final Object value;
    private boolean wasAsked;

    private Json(String path, Object value) {
        this.path = path;
        this.value = value;
    }

    /** {@code what} names the text in errors. */
    static Json parse(String text, String what) {
        if (text.length() > SIZE_MAX) throw new Failure(what + ": larger than " + SIZE_MAX + " bytes",
                "Make it smaller.");
        var reader = new Reader(text, what);
        Json top = reader.value("", 0);
        reader.blanks();
        if (reader.at < text.length()) throw reader.bad("text after the end");
        return top == null ? new Json("", new LinkedHashMap<>()) : top;
    }

    // ---- access
    String path() { return path; }

    Failure bad(String expected) {
        return new Failure("config.json: " + (path.isEmpty() ? "the top level" : path) + ": expected "
                + expected,
                "Correct the field; docs/compatibility/oci.md lists them all.");
    }

    /** A member of this object, or null when it is not there or null. */
    Json get(String name) {
        Json j = members().get(name);
        if (j == null || j.value == null) return null;
        j.wasAsked = true;
        return j;
    }

    @SuppressWarnings("unchecked")
    Map<String, Json> members() {
        if (!(value instanceof LinkedHashMap<?, ?> m)) throw bad("an object");
        return (Map<String, Json>) m;
    }

    @SuppressWarnings("unchecked")
    ArrayList<Json> list() {
        if (!(value instanceof ArrayList<?> l)) throw bad("a list");
        return (ArrayList<Json>) l;
    }

    String string() {
        if (!(value instanceof String s)) throw bad("a string");
        if (s.indexOf('\0') >= 0) throw bad("a string without NUL");
        return s;
    }

    boolean bool() {
        if (!(value instanceof Boolean b)) throw bad("true or false");
        return b;
    }

    /** A whole number; those above 2^63 (limits are unsigned in the specification) come out as negative. */
    long number() {
        if (!(value instanceof Long n)) throw bad("a whole number");
        return n;
    }

    int integer(int least, int most) {
        long n = number();
        if (n < least || n > most) throw bad("a whole number from " + least + " to " + most);
        return (int) n;
    }

    // ---- the same for members, with a value for those that are not there
    String string(String name, String otherwise) {
        Json j = get(name);
        return j == null ? otherwise : j.string();
    }

    boolean bool(String name) {
        Json j = get(name);
        return j != null && j.bool();
    }

    long number(String name, long otherwise) {
        Json j = get(name);
        return j == null ? otherwise : j.number();
    }

    ArrayList<Json> list(String name) {
        Json j = get(name);
        return j == null ? new ArrayList<>() : j.list();
    }

    String[] strings(String name) {
        ArrayList<Json> l = list(name);
        var strings = new String[l.size()];
        for (int i = 0; i < strings.length; i++) {
            if (l.get(i) == null) throw bad("strings in " + name);
            strings[i] = l.get(i).string();
        }
        return strings;
    }

    LinkedHashMap<String, String> stringMap(String name) {
        var map = new LinkedHashMap<String, String>();
        Json j = get(name);
        if (j != null) {
            for (var e : j.members().entrySet()) {
                e.getValue().wasAsked = true;
                map.put(e.getKey(), e.getValue().value == null ? "" : e.getValue().string());
            }
        }
        return map;
    }

    /** Whether a field holds nothing: an empty string, list or object, zero, false. */
    boolean isEmpty() {
        return value instanceof String s && s.isEmpty() || value instanceof ArrayList<?> l && l.isEmpty()
                || value instanceof Map<?, ?> m && m.isEmpty() || value instanceof Long n && n == 0
                || value instanceof Boolean b && !b;
    }

    /**
     * Paths of all members below that nobody has asked for; elements of a list are written [], as in the
     * table.
     */
    void unknown(ArrayList<String> into) { walk(into, false); }

    /** Paths of all members below that were asked for. */
    void known(ArrayList<String> into) { walk(into, true); }

    private void walk(ArrayList<String> into, boolean asked) {
        if (value instanceof ArrayList<?>) {
            for (Json j : list()) if (j != null) j.walk(into, asked);
        } else if (value instanceof LinkedHashMap<?, ?>) {
            for (Json j : members().values()) {
                if (j.value == null) continue;
                if (j.wasAsked == asked && !into.contains(j.path)) into.add(j.path);
                if (j.wasAsked) j.walk(into, asked);
            }
        }
    }

    /** Recursive descent; positions are of bytes. */
    private static final class Reader {
        private final String text, what;
        int at;

        Reader(String text, String what) {
            this.text = text;
            this.what = what;
        }

        Failure bad(String why) {
            int line = 1;
            for (int i = 0; i < at && i < text.length(); i++) if (text.charAt(i) == '\n') line++;
            return new Failure(what + ": not valid JSON, line " + line + ": " + why, "Correct the file.");
        }

        void blanks() {
            while (at < text.length()) {
                char c = text.charAt(at);
                if (c != ' ' && c != '\n' && c != '\t' && c != '\r') return;
                at++;
            }
        }

        private char next() {
            if (at >= text.length()) throw bad("it ends too early");
            return text.charAt(at++);
        }

        private char peek() {
            blanks();
            if (at >= text.length()) throw bad("it ends too early");
            return text.charAt(at);
        }

        /** A Json whose value is null for null. */
        Json value(String path, int depth) {
            if (depth > DEPTH_MAX) throw bad("deeper than " + DEPTH_MAX);
            char c = peek();
            return switch (c) {
                case '{' -> object(path, depth);
                case '[' -> array(path, depth);
                case '"' -> new Json(path, string());
                case 't' -> word("true", new Json(path, Boolean.TRUE));
                case 'f' -> word("false", new Json(path, Boolean.FALSE));
                case 'n' -> word("null", new Json(path, null));
                default -> new Json(path, number());
            };
        }

        private Json word(String word, Json result) {
            if (!text.startsWith(word, at)) throw bad("unexpected text");
            at += word.length();
            return result;
        }

        private Json object(String path, int depth) {
            var members = new LinkedHashMap<String, Json>();
            at++;
            if (peek() == '}') {
                at++;
                return new Json(path, members);
            }
            for (;;) {
                if (peek() != '"') throw bad("a name was expected");
                String name = string();
                if (peek() != ':') throw bad("\":\" was expected");
                at++;
                Json j = value(path.isEmpty() ? name : path + "." + name, depth + 1);
                if (members.put(name, j) != null) throw bad("the name \"" + name + "\" is there twice");
                char c = peek();
                at++;
                if (c == '}') return new Json(path, members);
                if (c != ',') throw bad("\",\" or \"}\" was expected");
            }
        }

        private Json array(String path, int depth) {
            var elements = new ArrayList<Json>();
            at++;
            if (peek() == ']') {
                at++;
                return new Json(path, elements);
            }
            for (;;) {
                elements.add(value(path + "[]", depth + 1));
                char c = peek();
                at++;
                if (c == ']') return new Json(path, elements);
                if (c != ',') throw bad("\",\" or \"]\" was expected");
            }
        }

        private String string() {
            at++;
            int start = at;
            while (at < text.length()) { // most strings need no copying
                char c = text.charAt(at);
                if (c == '"') return text.substring(start, at++);
                if (c == '\\') break;
                if (c < ' ') throw bad("a control character in a string");
                at++;
            }
            var s = new StringBuilder(text.substring(start, at));
            for (;;) {
                char c = next();
                if (c == '"') return s.toString();
                if (c < ' ') throw bad("a control character in a string");
                if (c != '\\') {
                    s.append(c);
                } else {
                    escape(s);
                }
            }
        }

        private void escape(StringBuilder s) {
            char c = next();
            switch (c) {
                case '"', '\\', '/' -> s.append(c);
                case 'b' -> s.append('\b');
                case 'f' -> s.append('\f');
                case 'n' -> s.append('\n');
                case 'r' -> s.append('\r');
                case 't' -> s.append('\t');
                case 'u' -> {
                    int code = hex();
                    if (code >= 0xd800 && code < 0xdc00 && text.startsWith("\\u", at)) {
                        at += 2;
                        int low = hex();
                        if (low < 0xdc00 || low > 0xdfff) throw bad("half a surrogate pair");
                        code = 0x10000 + (code - 0xd800 << 10) + low - 0xdc00;
                    }
                    utf8(s, code);
                }
                default -> throw bad("unknown escape \\" + c);
            }
        }

        private int hex() {
            int v = 0;
            for (int i = 0; i < 4; i++) {
                int digit = Character.digit(next(), 16);
                if (digit < 0) throw bad("\\u needs four hexadecimal digits");
                v = v << 4 | digit;
            }
            return v;
        }

        private static void utf8(StringBuilder s, int c) {
            if (c < 0x80) {
                s.append((char) c);
            } else if (c < 0x800) {
                s.append((char) (0xc0 | c >> 6)).append((char) (0x80 | c & 0x3f));
            } else if (c < 0x10000) {
                s.append((char) (0xe0 | c >> 12)).append((char) (0x80 | c >> 6 & 0x3f)).append((char) (0x80 | c & 0x3f));
            } else {
                s.append((char) (0xf0 | c >> 18)).append((char) (0x80 | c >> 12 & 0x3f));
                s.append((char) (0x80 | c >> 6 & 0x3f)).append((char) (0x80 | c & 0x3f));
            }
        }

        private Object number() {
            int start = at;
            boolean isWhole = true;
            while (at < text.length()) {
                char c = text.charAt(at);
                if (c == '.' || c == 'e' || c == 'E') isWhole = false;
                else if (c != '-' && c != '+' && (c < '0' || c > '9')) break;
                at++;
            }
            String s = text.substring(start, at);
            int first = s.startsWith("-") ? 1 : 0;
            if (s.length() == first || s.charAt(first) < '0'
                    || s.charAt(first) > '9') throw bad("unexpected text");
            if (s.charAt(first) == '0' && s.length() > first + 1 && s.charAt(first + 1) >= '0'
                    && s.charAt(first + 1) <= '9') {
                throw bad("a number with a leading zero");
            }
            try {
                if (!isWhole) return Double.valueOf(s);
                return s.length() < 19 || first == 1 ? Long.parseLong(s) : Long.parseUnsignedLong(s);
            } catch (NumberFormatException e) {
                throw bad("a number that is none or too large: " + s);
            }
        }
    }
}
