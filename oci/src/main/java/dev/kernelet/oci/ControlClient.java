package dev.kernelet.oci;

import dev.kernelet.sandbox.Failure;

/** Asks a container's sandbox for something. Loads no class of the Sentry. */
final class ControlClient {
    private ControlClient() {}

    /** A connection that has been asked and has agreed; {@code answer} is what it said. */
    record Answer(LocalSocket socket, Json answer) {}

    /** Fails with the sandbox's own error, or when it does not answer. The caller closes the connection. */
    static Answer ask(String directory, String request, int... fds) {
        return ask(directory, 0, request, fds);
    }

    /** The same, waiting no longer than so many seconds; 0: for ever. */
    static Answer ask(String directory, int patience, String request, int... fds) {
        var error = new int[1];
        LocalSocket s = LocalSocket.connect(directory + "/control", error);
        if (s == null) throw new Failure("container not running: connect to its sandbox", error[0],
                "Its process has ended; delete it.");
        s.timeout(patience);
        long r = s.send(request, fds);
        LocalSocket.Received received = r < 0 ? null : s.receive();
        if (received == null) {
            s.close();
            throw new Failure("container not running: its sandbox does not answer",
                    "Its process has ended, or is stopped; delete it with --force.");
        }
        Json answer = Json.parse(received.text(), "answer of the sandbox");
        String failure = answer.string("error", null);
        if (failure != null) {
            s.close();
            throw new Failure(failure, answer.string("remedy", ""));
        }
        return new Answer(s, answer);
    }
}
