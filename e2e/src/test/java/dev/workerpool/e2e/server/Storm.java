package dev.workerpool.e2e.server;

import dev.workerpool.e2e.proxy.ApiProxy;
import dev.workerpool.e2e.proxy.Call;
import dev.workerpool.e2e.proxy.Fault;
import dev.workerpool.e2e.proxy.Faults;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** One kind of weather between the operator and its API server, by chance from a seed, until it is closed or has abated. */
final class Storm implements Faults, AutoCloseable {
    /** How long everything goes wrong, where everything does. */
    static final Duration RAGES = Duration.ofSeconds(5);

    /** When nothing goes wrong any more. */
    private static final Duration ABATED = Duration.ofSeconds(15);

    /** From one hang to the next; before that, watches are cut and opened again. */
    private static final Duration HANGS = Duration.ofSeconds(5);

    private static final Duration REOPENED = Duration.ofSeconds(2);
    private static final Fault.Answer GONE =
            (Fault.Answer) Fault.status(410, "Expired", "too old resource version: 1 (2)");

    private final Weather weather;
    private final Random random;
    private final ApiProxy proxy;
    private long began;
    private final ScheduledExecutorService gusts = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().factory());

    Storm(Weather weather, long seed, ApiProxy proxy) {
        this.weather = weather;
        this.random = new Random(seed);
        this.proxy = proxy;
    }

    void begin() {
        began = System.nanoTime();
        switch (weather) {
            case CUT -> every(Duration.ofMillis(500), this::cutOneKindOfWatch);
            case HUNG -> every(HANGS, this::hang);
            case GONE -> every(Duration.ofMillis(500), () -> proxy.cut(call -> rages() && call.watch()));
            default -> {
                // only calls are hit
            }
        }
        proxy.faults(this);
    }

    @Override
    public Fault before(Call call) {
        return switch (weather) {
            case CALM, HUNG -> Fault.PASS;
            case SLOW -> Fault.delay(Duration.ofSeconds(2));
            case CUT -> cuts() ? Fault.CUT : Fault.PASS;
            case GONE -> call.watch() && rages() && !oneIn(3) ? gone() : Fault.PASS;
            case CONFLICTS ->
                call.write() && hits() ? Fault.status(409, "Conflict", "the object has been modified") : Fault.PASS;
            case THROTTLED ->
                hits()
                        ? Fault.status(429, "TooManyRequests", "too many requests", Map.of("Retry-After", "1"))
                        : Fault.PASS;
            case ERRORS ->
                oneIn(2) && hits() ? Fault.status(500, "InternalError", "Internal error occurred") : Fault.PASS;
            case UNAVAILABLE ->
                hits() ? Fault.status(503, "ServiceUnavailable", "the server cannot handle the request") : Fault.PASS;
        };
    }

    @Override
    public Fault after(Call call) {
        return switch (weather) {
            case CUT -> cuts() ? Fault.CUT : Fault.PASS;
            case ERRORS -> hits() ? Fault.status(500, "InternalError", "etcdserver: request timed out") : Fault.PASS;
            default -> Fault.PASS;
        };
    }

    private Fault gone() {
        return oneIn(2)
                ? GONE
                : new Fault.Answer(200, Map.of(), "{\"type\":\"ERROR\",\"object\":" + GONE.body() + "}\n");
    }

    private void cutOneKindOfWatch() {
        if (blows()) {
            String kind = oneIn(3) ? "/pods" : oneIn(2) ? "/workerpools" : "/controllerrevisions";
            proxy.cut(call -> call.watch() && call.path().contains(kind));
        }
    }

    private void hang() {
        if (blows()) {
            proxy.stall(Call::watch);
            gusts.schedule(() -> proxy.cut(Call::watch), HANGS.minus(REOPENED).toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private void every(Duration period, Runnable gust) {
        gusts.scheduleAtFixedRate(gust, 0, period.toMillis(), TimeUnit.MILLISECONDS);
    }

    private Duration age() {
        return Duration.ofNanos(System.nanoTime() - began);
    }

    private boolean rages() {
        return age().compareTo(RAGES) < 0;
    }

    /** Not for good: cuts may look like an outage, and workers are kept until one is waited out. */
    private boolean cuts() {
        return blows() && oneIn(5);
    }

    private boolean hits() {
        return rages() || blows() && oneIn(3);
    }

    private boolean blows() {
        return age().compareTo(ABATED) < 0;
    }

    private boolean oneIn(int n) {
        return random.nextInt(n) == 0;
    }

    @Override
    public void close() {
        gusts.shutdownNow();
        proxy.faults(Faults.NONE);
        proxy.cut(Call::watch); // what still hangs
    }
}
