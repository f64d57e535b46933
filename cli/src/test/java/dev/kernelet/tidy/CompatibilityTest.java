package dev.kernelet.tidy;

import static org.junit.jupiter.api.Assertions.*;

import dev.kernelet.abi.Errno;
import dev.kernelet.abi.SyscallNumber;
import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.Label;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.classfile.instruction.LineNumber;
import java.lang.classfile.instruction.LookupSwitchInstruction;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.classfile.instruction.SwitchCase;
import java.lang.classfile.instruction.TableSwitchInstruction;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * docs/compatibility/syscalls.md says what the compiled system call table says. Run with KERNELET_UPDATE=1 (or
  * bin/update-docs) to write it anew; remarks come from docs/compatibility/notes.tsv.
 */
class CompatibilityTest {
    private static final Path DOCS = Path.of(System.getProperty("kernelet.root"), "docs/compatibility");
    private static final String PACKAGE = "dev/kernelet/sentry/syscall/";
    /** HotSpot never compiles a longer method. */
    private static final int HUGE_METHOD = 8000;

    private static ClassModel model(String internalName) throws IOException {
        try (InputStream in = CompatibilityTest.class.getResourceAsStream("/" + internalName + ".class")) {
            return in == null ? null : ClassFile.of().parse(in.readAllBytes());
        }
    }

    /** Number to handler, from the switches of SyscallTable. */
    private static TreeMap<Integer, InvokeInstruction> handlers() throws IOException {
        var handlers = new TreeMap<Integer, InvokeInstruction>();
        for (MethodModel method : model(PACKAGE + "SyscallTable").methods()) {
            String name = method.methodName().stringValue();
            if (!name.startsWith("dispatch") || name.equals("dispatch")) continue;
            var cases = new HashMap<Label, Integer>();
            int current = -1;
            for (CodeElement e : method.code().orElseThrow()) {
                switch (e) {
                    case TableSwitchInstruction s -> collect(cases, s.cases(), s.defaultTarget());
                    case LookupSwitchInstruction s -> collect(cases, s.cases(), s.defaultTarget());
                    case LabelTarget t -> current = cases.getOrDefault(t.label(), current);
                    case InvokeInstruction i -> {
                        boolean isHandler = i.opcode() == Opcode.INVOKESTATIC && !i.name().stringValue().equals("unknown");
                        if (isHandler && current >= 0) handlers.putIfAbsent(current, i);
                    }
                    default -> { }
                }
            }
        }
        return handlers;
    }

    private static void collect(Map<Label, Integer> cases, Iterable<SwitchCase> list, Label otherwise) {
        for (SwitchCase c : list) {
            if (c.target() != otherwise) cases.put(c.target(), c.caseValue());
        }
        cases.put(otherwise, -1);
    }

    /** The errno a handler answers whatever it is asked, or 0. */
    private static int constantErrno(InvokeInstruction handler) throws IOException {
        ClassModel owner = model(handler.owner().asInternalName());
        if (owner == null) return 0;
        for (MethodModel m : owner.methods()) {
            if (!m.methodName().equals(handler.name()) || !m.methodType().equals(handler.type())) continue;
            int elements = 0;
            long value = 0;
            boolean returns = false;
            for (CodeElement e : m.code().orElseThrow()) {
                if (e instanceof LineNumber || e instanceof LabelTarget || !(e instanceof java.lang.classfile.Instruction)) continue;
                elements++;
                if (e instanceof ConstantInstruction c && c.constantValue() instanceof Number n) value = n.longValue();
                returns = e instanceof ReturnInstruction;
            }
            return elements == 2 && returns && value < 0 ? (int) -value : 0;
        }
        return 0;
    }

    private static Map<String, String> notes() throws IOException {
        var notes = new HashMap<String, String>();
        for (String line : Files.readAllLines(DOCS.resolve("notes.tsv"))) {
            if (line.isBlank() || line.startsWith("#")) continue;
            int tab = line.indexOf('\t');
            assertTrue(tab > 0, "notes.tsv: no tab in: " + line);
            notes.put(line.substring(0, tab), line.substring(tab + 1).strip());
        }
        return notes;
    }

    private static String generate() throws IOException {
        var handlers = handlers();
        var notes = notes();
        var rows = new StringBuilder();
        int implemented = 0, all = 0;
        for (int nr = 0; nr < 512; nr++) {
            String name = SyscallNumber.name(nr);
            if (name == null) continue;
            all++;
            InvokeInstruction handler = handlers.get(nr);
            int errno = handler == null ? Errno.ENOSYS : constantErrno(handler);
            if (errno == 0) implemented++;
            String support = errno == 0 ? "yes" : "always " + Errno.name(errno);
            String note = notes.remove(name);
            rows.append("| ").append(nr).append(" | ").append(name).append(" | ").append(support).append(" | ")
                    .append(note == null ? "" : note).append(" |\n");
        }
        assertTrue(notes.isEmpty(), "notes.tsv: no such system calls: " + notes.keySet());
        return "# System calls\n\nGenerated from the system call table by bin/update-docs; do not edit. Of the " + all
                + " calls of Linux x86-64\n" + implemented + " have a handler; the others fail with the error given.\n\n"
                + "| number | call | handled | remarks |\n|---|---|---|---|\n" + rows;
    }

    @Test
    void documentEqualsTable() throws IOException {
        Path document = DOCS.resolve("syscalls.md");
        String generated = generate();
        if (System.getenv("KERNELET_UPDATE") != null) Files.writeString(document, generated);
        assertEquals(generated, Files.readString(document), "run bin/update-docs");
    }

    /** Each number leads to the handler of that name, in a class of the family. */
    @Test
    void numbersLeadToTheirNames() throws IOException {
        var wrong = new HashSet<String>();
        handlers().forEach((nr, handler) -> {
            String name = SyscallNumber.name(nr), method = handler.name().stringValue();
            if (!method.equals(name) && !method.equals("sys_" + name) && !method.equals(name + "_")) {
                wrong.add(nr + " is " + name + ", its handler " + method);
            }
        });
        assertTrue(wrong.isEmpty(), wrong::toString);
    }

    @Test
    void dispatchIsCompiled() throws IOException {
        for (MethodModel m : model(PACKAGE + "SyscallTable").methods()) {
            var code = (CodeAttribute) m.code().orElse(null);
            if (code != null) assertTrue(code.codeLength() < HUGE_METHOD, m.methodName().stringValue());
        }
    }
}
