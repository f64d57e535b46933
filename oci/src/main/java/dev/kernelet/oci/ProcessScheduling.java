package dev.kernelet.oci;

import dev.kernelet.sandbox.ProcessSpec;
import dev.kernelet.sentry.kernel.Scheduling;

/** process.scheduler and process.ioPriority. */
final class ProcessScheduling {
    private static final int CLASS_SHIFT = 13; // ioprio_set(2)

    private ProcessScheduling() {}

    static void read(Json p, ProcessSpec s) {
        Json scheduler = p.get("scheduler"), io = p.get("ioPriority");
        if (scheduler != null) scheduler(scheduler, s);
        if (io == null) return;
        int priority = (int) Math.clamp(io.number("priority", 0), -1, 8);
        int kind = switch (io.string("class", "")) {
            case "IOPRIO_CLASS_RT" -> 1;
            case "IOPRIO_CLASS_BE" -> 2;
            case "IOPRIO_CLASS_IDLE" -> 3;
            default -> throw io.bad("a class like IOPRIO_CLASS_BE");
        };
        if (priority < 0 || priority > 7) throw io.bad("a priority from 0 to 7");
        s.ioPriority = kind << CLASS_SHIFT | priority;
    }

    private static void scheduler(Json j, ProcessSpec s) {
        s.schedulingPolicy = switch (j.string("policy", "")) {
            case "SCHED_OTHER" -> Scheduling.OTHER;
            case "SCHED_FIFO" -> Scheduling.FIFO;
            case "SCHED_RR" -> Scheduling.RR;
            case "SCHED_BATCH" -> Scheduling.BATCH;
            case "SCHED_IDLE" -> Scheduling.IDLE;
            case "SCHED_DEADLINE" -> Scheduling.DEADLINE;
            default -> throw j.bad("a policy like SCHED_OTHER");
        };
        boolean isRealTime = s.schedulingPolicy == Scheduling.FIFO || s.schedulingPolicy == Scheduling.RR;
        Json priority = j.get("priority"), nice = j.get("nice");
        s.schedulingPriority = priority == null ? isRealTime ? 1 : 0
                : priority.integer(isRealTime ? 1 : 0, isRealTime ? 99 : 0);
        s.nice = nice == null ? 0 : nice.integer(-20, 19);
        for (String flag : j.strings("flags")) {
            switch (flag) {
                case "SCHED_FLAG_RESET_ON_FORK" -> s.resetsOnFork = true;
                case "SCHED_FLAG_RECLAIM", "SCHED_FLAG_DL_OVERRUN", "SCHED_FLAG_KEEP_POLICY",
                        "SCHED_FLAG_KEEP_PARAMS",
                        "SCHED_FLAG_UTIL_CLAMP_MIN", "SCHED_FLAG_UTIL_CLAMP_MAX" -> { }
                default -> throw j.bad("flags like SCHED_FLAG_RESET_ON_FORK");
            }
        }
        s.runtime = j.number("runtime", 0);
        s.deadline = j.number("deadline", 0);
        s.period = j.number("period", 0);
    }
}
