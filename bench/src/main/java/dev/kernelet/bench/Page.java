package dev.kernelet.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Results as one self-contained HTML page: a bar chart a row, on a logarithmic scale, and the figures beside it. */
final class Page {
    private static final int WIDTH = 460, BAR = 15;
    private static final List<String> COLOURS = List.of("#8a94a6", "#1a7f5a", "#7fc8a9", "#c0392b", "#e59866", "#5b7db1", "#8e6bbf",
            "#b5a642");

    private final Result result;
    private final Targets targets;
    private final List<String> runners;
    private final StringBuilder out = new StringBuilder();

    private Page(Result result, Targets targets) {
        this.result = result;
        this.targets = targets;
        runners = List.copyOf(result.versions.keySet());
    }

    static void write(Result result, Targets targets, Path file) throws IOException {
        var page = new Page(result, targets);
        page.head();
        page.body();
        Files.writeString(file, page.out);
    }

    private void head() {
        out.append("""
                <!DOCTYPE html>
                <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
                <title>Kernelet: benchmark</title>
                <style>
                :root { color-scheme: light dark; --line: #8884; --text: #222; --back: #fff; --weak: #667 }
                @media (prefers-color-scheme: dark) { :root { --text: #e6e6e6; --back: #16181d; --weak: #9aa } }
                body { font: 15px/1.45 system-ui, sans-serif; color: var(--text); background: var(--back); margin: 2rem auto;
                  max-width: 1080px; padding: 0 1rem }
                h1 { font-size: 1.6rem; margin-bottom: .2rem } h2 { margin-top: 2.2rem; border-bottom: 1px solid var(--line) }
                .weak { color: var(--weak) } .legend span { display: inline-block; margin-right: 1.1rem; white-space: nowrap }
                .swatch { width: .8em; height: .8em; border-radius: 2px; margin-right: .35em !important }
                .row { display: grid; grid-template-columns: 15rem 1fr 9rem; gap: 1rem; padding: .55rem 0;
                  border-bottom: 1px solid var(--line); align-items: center }
                svg text { font: 11px system-ui, sans-serif; fill: currentColor } svg { width: 100%; height: auto; overflow: visible }
                .met { color: #1a7f5a; font-weight: 600 } .missed { color: #c0392b; font-weight: 600 }
                @media (max-width: 720px) { .row { grid-template-columns: 1fr } }
                </style></head><body>
                """);
    }

    private void body() {
        out.append("<h1>Kernelet: benchmark</h1><p class=weak>");
        result.conditions.forEach((k, v) -> out.append(escape(k)).append(": ").append(escape(v)).append(" &middot; "));
        out.append("medians; bars are multiples of native on a logarithmic scale, shorter is better (for rates, longer is better)</p>");
        out.append("<p class=legend>");
        for (String r : runners) {
            out.append("<span><span class=swatch style=\"background:").append(colour(r)).append("\"></span>").append(escape(r))
                    .append(" <span class=weak>").append(escape(result.versions.get(r))).append("</span></span>");
        }
        out.append("</p>");
        String setting = "";
        for (Result.Row row : result.rows) {
            if (!row.setting.equals(setting)) {
                setting = row.setting;
                out.append("<h2>").append(switch (setting) {
                    case "free" -> "Both CPUs free";
                    case "one-cpu" -> "Everything on one CPU";
                    case "burning" -> "Another process burns one CPU";
                    default -> escape(setting);
                }).append("</h2>");
            }
            row(row);
        }
        if (!result.notes.isEmpty()) out.append("<h2>Notes</h2><ul>");
        for (String note : result.notes) out.append("<li>").append(escape(note)).append("</li>");
        out.append("</ul></body></html>\n");
    }

    private String colour(String runner) { return COLOURS.get(runners.indexOf(runner) % COLOURS.size()); }

    private void row(Result.Row row) {
        out.append("<div class=row><div>").append(escape(targets.title(row.name))).append("</div><div>");
        chart(row);
        out.append("</div><div>");
        String verdict = row.setting.equals("free") ? targets.verdict(result, row) : "";
        if (!verdict.isEmpty()) {
            out.append("<span class=").append(verdict).append('>').append(verdict).append("</span> <span class=weak>")
                    .append(row.isRate() ? "&ge; " : "&le; ").append(Table.figure(targets.bound(result, row), row.unit)).append("</span>");
        }
        out.append("</div></div>\n");
    }

    private void chart(Result.Row row) {
        double low = Double.MAX_VALUE, high = 0;
        int count = 0;
        for (String r : runners) {
            double m = row.median(r);
            if (Double.isNaN(m) || m <= 0) continue;
            low = Math.min(low, m);
            high = Math.max(high, m);
            count++;
        }
        if (count == 0) return;
        double span = Math.max(Math.log(high / low), 1e-9);
        out.append("<svg viewBox=\"0 0 ").append(WIDTH + 200).append(' ').append(count * (BAR + 3)).append("\" role=img>");
        int y = 0;
        double base = row.median(Runner.NATIVE);
        for (String r : runners) {
            double m = row.median(r);
            if (Double.isNaN(m) || m <= 0) continue;
            double length = 24 + (WIDTH - 24) * Math.log(m / low) / Math.max(span, Math.log(10));
            out.append(String.format("<rect x=0 y=%d width=%.0f height=%d rx=2 fill=\"%s\"><title>%s</title></rect>", y, length, BAR,
                    colour(r), escape(r)));
            String times = Double.isNaN(base) || base <= 0 || r.equals(Runner.NATIVE) ? "" : String.format(" (x%.2f)", m / base);
            out.append(String.format("<text x=%.0f y=%d>%s%s</text>", length + 5, y + BAR - 4, Table.figure(m, row.unit), times));
            y += BAR + 3;
        }
        out.append("</svg>");
    }

    private static String escape(String s) { return s.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;"); }
}
