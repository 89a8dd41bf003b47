package dev.workerpool.e2e.demo;

import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** What stays scrolls by; below it a table of the workers and a line for the pool are drawn anew in their place. */
final class LiveScreen implements Screen {
    private static final String NO_WRAP = "\033[?25l\033[?7l";
    private static final String AS_BEFORE = "\033[?25h\033[?7h";
    private static final String CLEAR_BELOW = "\033[J";
    private static final String BOLD = "\033[1m";
    private static final String GREEN = "\033[32m";
    private static final String YELLOW = "\033[33m";
    private static final String RED = "\033[31m";
    private static final String PLAIN = "\033[0m";

    private final PrintStream out;
    private final Instant started = Instant.now();
    private int drawn;

    LiveScreen(PrintStream out) {
        this.out = out;
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            out.print(AS_BEFORE);
            out.flush();
        }));
    }

    @Override
    public void say(String text) {
        out.print(backToTop() + text + "\n");
        out.flush();
        drawn = 0;
    }

    @Override
    public void show(Scene scene) {
        List<String> lines = new ArrayList<>();
        lines.add("");
        lines.add(BOLD + "  %-8s%-12s%-18s%s".formatted("WORKER", "POD", "VERSION", "STATE") + PLAIN);
        for (Scene.Worker worker : scene.workers()) {
            lines.add("  %-8s%-12s%-18s".formatted(worker.slot(), worker.pod(), worker.version())
                    + colour(worker.state())
                    + worker.state()
                    + PLAIN);
        }
        lines.add("");
        long seconds = Duration.between(started, Instant.now()).toSeconds();
        lines.add("  " + BOLD + "%2d s  ".formatted(seconds) + scene.line() + PLAIN);
        lines.add("  " + scene.message());
        out.print(backToTop() + NO_WRAP + String.join("\n", lines) + "\n" + AS_BEFORE);
        out.flush();
        drawn = lines.size();
    }

    private String backToTop() {
        return drawn == 0 ? "" : "\033[" + drawn + "A\r" + CLEAR_BELOW;
    }

    private static String colour(String state) {
        return switch (state) {
            case "ready" -> GREEN;
            case "draining", "Pending", "ContainerCreating", "running, not ready" -> YELLOW;
            default -> RED;
        };
    }
}
