package dev.kernelet.sentry.ipc;

/** Right-aligned columns for /proc/sysvipc. */
final class IpcText {
    private final StringBuilder out;

    private IpcText(StringBuilder out) { this.out = out; }

    static IpcText column(StringBuilder out, long value, int width) {
        var t = new IpcText(out);
        t.pad(Long.toString(value), width);
        return t;
    }

    IpcText column(long value, int width) {
        out.append(' ');
        pad(Long.toString(value), width);
        return this;
    }

    IpcText octal(int value, int width) {
        out.append(' ');
        pad(Integer.toOctalString(value), width);
        return this;
    }

    void end() { out.append('\n'); }

    private void pad(String s, int width) {
        for (int i = s.length(); i < width; i++) out.append(' ');
        out.append(s);
    }
}
