package dev.workerpool.e2e.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** A program of this machine that works on the files below {@code deploy}: kubectl, helm or promtool. */
record Tool(String name) {
    private static final int ENDS_WITHIN_SECONDS = 300;

    /** That of the PATH; without it the test is skipped. */
    static Tool assumed(String name) {
        boolean there = Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, name)));
        if (!there) {
            System.out.println("skipped, for there is no " + name + " on the PATH; e2e/cluster/tools has it");
        }
        Assumptions.assumeTrue(there, "no " + name + " on the PATH");
        return new Tool(name);
    }

    /** What it printed on standard output; an exit code other than 0 fails the test. */
    String run(String... arguments) {
        Ended ended = end(arguments);
        assertThat(ended.exit())
                .as("exit code of %s %s, which said: %s", name, List.of(arguments), ended.errors())
                .isZero();
        return ended.output();
    }

    /** What it said on standard error before it ended with another exit code than 0. */
    String refuses(String... arguments) {
        Ended ended = end(arguments);
        assertThat(ended.exit())
                .as("exit code of %s %s, which printed: %s", name, List.of(arguments), ended.output())
                .isNotZero();
        return ended.errors();
    }

    private record Ended(int exit, String output, String errors) {}

    private Ended end(String... arguments) {
        List<String> command = new ArrayList<>(List.of(name));
        command.addAll(List.of(arguments));
        try {
            Path output = Files.createTempFile("workerpool-" + name + "-", ".out");
            Path errors = Files.createTempFile("workerpool-" + name + "-", ".err");
            try {
                Process process = new ProcessBuilder(command)
                        .directory(Manifests.DEPLOY.toFile())
                        .redirectOutput(output.toFile())
                        .redirectError(errors.toFile())
                        .start();
                if (!process.waitFor(ENDS_WITHIN_SECONDS, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                    throw new AssertionError(command + " does not end; it said: " + Files.readString(errors));
                }
                return new Ended(process.exitValue(), Files.readString(output), Files.readString(errors));
            } finally {
                Files.delete(output);
                Files.delete(errors);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
