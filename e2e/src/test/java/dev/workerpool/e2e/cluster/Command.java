package dev.workerpool.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A program of this machine, run to its end. */
public final class Command {
    private static final int ENDS_WITHIN_SECONDS = 180;

    private Command() {}

    /** What it printed; an exit code other than 0 fails the test. */
    public static String run(Map<String, String> environment, List<String> command) {
        try {
            // To a file: what it starts keeps no pipe of ours open.
            Path log = Files.createTempFile("workerpool-command-", ".log");
            try {
                ProcessBuilder builder = new ProcessBuilder(command);
                builder.environment().putAll(environment);
                Process process = builder.redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
                boolean ended = process.waitFor(ENDS_WITHIN_SECONDS, TimeUnit.SECONDS);
                String printed = Files.readString(log);
                if (!ended) {
                    process.destroyForcibly();
                }
                assertThat(ended)
                        .as("%s ends; it printed: %s", command, printed)
                        .isTrue();
                assertThat(process.exitValue())
                        .as("exit code of %s, which printed: %s", command, printed)
                        .isZero();
                return printed;
            } finally {
                Files.delete(log);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
