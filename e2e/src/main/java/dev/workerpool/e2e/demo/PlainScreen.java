package dev.workerpool.e2e.demo;

import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** One line for each change: for logs. */
final class PlainScreen implements Screen {
    private final PrintStream out;
    private final Instant started = Instant.now();
    private final Map<String, String> workers = new HashMap<>();
    private String pool = "";

    PlainScreen(PrintStream out) {
        this.out = out;
    }

    @Override
    public void say(String text) {
        out.println(text);
    }

    @Override
    public void show(Scene scene) {
        Set<String> gone = new HashSet<>(workers.keySet());
        for (Scene.Worker worker : scene.workers()) {
            gone.remove(worker.pod());
            String before = workers.put(worker.pod(), worker.state());
            if (!worker.state().equals(before)) {
                line("%-10s %-16s %s".formatted(worker.pod(), worker.version(), worker.state()));
            }
        }
        for (String pod : gone) {
            workers.remove(pod);
            line("%-10s %-16s gone".formatted(pod, ""));
        }
        String now = scene.line() + (scene.message().isEmpty() ? "" : "\n           " + scene.message());
        if (!now.equals(pool)) {
            pool = now;
            line(now);
        }
    }

    private void line(String text) {
        out.printf("%7.1f s  %s%n", Duration.between(started, Instant.now()).toMillis() / 1000.0, text);
    }
}
