package dev.kernelet.oci;

/** Writes JSON: {@code new JsonText().open().field("id", id).close()}. Strings are byte strings of UTF-8. */
final class JsonText {
    private final StringBuilder text = new StringBuilder();
    private boolean needsComma;

    JsonText open() { return begin('{'); }

    JsonText close() { return end('}'); }

    JsonText openList() { return begin('['); }

    JsonText closeList() { return end(']'); }

    private JsonText begin(char c) {
        comma();
        text.append(c);
        needsComma = false;
        return this;
    }

    private JsonText end(char c) {
        text.append(c);
        needsComma = true;
        return this;
    }

    private void comma() {
        if (needsComma) text.append(',');
        needsComma = true;
    }

    JsonText name(String name) {
        comma();
        quote(name);
        text.append(':');
        needsComma = false;
        return this;
    }

    JsonText value(String s) {
        comma();
        quote(s);
        return this;
    }

    JsonText value(long n) {
        comma();
        text.append(n);
        return this;
    }

    JsonText value(boolean b) {
        comma();
        text.append(b);
        return this;
    }

    JsonText field(String name, String value) { return name(name).value(value); }

    JsonText field(String name, long value) { return name(name).value(value); }

    JsonText field(String name, boolean value) { return name(name).value(value); }

    JsonText strings(String name, Iterable<String> list) {
        name(name).openList();
        for (String s : list) value(s);
        return closeList();
    }

    /** What a terminal would obey: U+0000 to U+001F, U+007F to U+009F. */
    private void escape(int c) {
        String digits = "0123456789abcdef";
        text.append("\\u00").append(digits.charAt(c >> 4)).append(digits.charAt(c & 15));
    }

    /** Of bytes. */
    private void quote(String s) {
        text.append('"');
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            if (c == '"' || c == '\\') {
                text.append('\\').append(c);
            } else if (c < ' ' || c == 0x7f) {
                escape(c);
            } else if (c == 0xc2 && i + 1 < s.length() && s.charAt(i + 1) >= 0x80 && s.charAt(i + 1) < 0xa0) {
                escape(s.charAt(++i));
            } else {
                text.append(c);
            }
        }
        text.append('"');
    }

    @Override
    public String toString() { return text.toString(); }
}
