package dev.workerpool.operator;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.operator.health.Informer;
import dev.workerpool.operator.health.ManagementServer;
import dev.workerpool.operator.health.WatchHealth;
import dev.workerpool.operator.metrics.PoolMetrics;
import dev.workerpool.operator.observe.Outages;
import dev.workerpool.operator.reconcile.WorkerPoolReconciler;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.config.ConfigurationServiceOverrider;
import io.javaoperatorsdk.operator.api.config.ControllerConfigurationOverrider;
import io.javaoperatorsdk.operator.monitoring.micrometer.MicrometerMetricsV2;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.retry.GenericRetry;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The operator at work in this process, until it is closed. */
public final class RunningOperator implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(RunningOperator.class);
    /** Pools reconciled at the same time: more would only queue at the API server. */
    private static final int CONCURRENCY = 50;

    private static final Duration CACHES_FILL_WITHIN = Duration.ofMinutes(1);
    /** What a pass under way gets to end when the process must: all within the 5 s that SIGTERM has. */
    private static final Duration LAST_PASSES = Duration.ofSeconds(2);

    private final KubernetesClient client;
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final PoolMetrics metrics = new PoolMetrics(registry);
    private final AtomicBoolean closing = new AtomicBoolean();
    private final Optional<Leadership> leadership;
    private final Outages outages = new Outages();
    private final WatchHealth health;
    private final ManagementServer management;
    private final Operator operator;

    /**
     * Starts it; returns once its caches are filled, whether it leads or stands by.
     *
     * @param client used, and not closed, by the operator
     * @param clock the machine's; it may be set while this works
     * @param fatal told, in a sentence, of what this process cannot go on after: it lost the lease, or an informer ended
     * @throws io.javaoperatorsdk.operator.OperatorException if the caches cannot be filled
     * @throws UncheckedIOException if the management port is taken
     */
    public static RunningOperator start(KubernetesClient client, Options options, Clock clock, Consumer<String> fatal) {
        return start(client, options, clock, System::nanoTime, fatal);
    }

    /**
     * The same.
     *
     * @param tick counts nanoseconds whatever is done to {@code clock}
     */
    public static RunningOperator start(
            KubernetesClient client, Options options, Clock clock, LongSupplier tick, Consumer<String> fatal) {
        return start(client, options, leadership(options, fatal), new SteadyClock(clock, tick), fatal);
    }

    /** The lease that the options ask for: an interceptor for the client, too. */
    static Optional<Leadership> leadership(Options options, Consumer<String> fatal) {
        return options.leaseNamespace().map(namespace -> new Leadership(namespace, fatal));
    }

    /** As the other one; a leader that lost its lease is kept from writing if {@code client} has it as an interceptor. */
    static RunningOperator start(
            KubernetesClient client,
            Options options,
            Optional<Leadership> leadership,
            SteadyClock steady,
            Consumer<String> fatal) {
        RunningOperator running = new RunningOperator(client, options, leadership, steady, fatal);
        try {
            running.leadership
                    .flatMap(lease -> lease.lastRenewal(client))
                    .ifPresent(renewed -> running.outages.nobodyListened(renewed, steady.instant()));
            running.operator.register(
                    new WorkerPoolReconciler(client, running.outages, steady, running.metrics),
                    configuration -> configure(configuration, options));
            running.operator.start();
            running.health.watch(running.informers());
            log.info(
                    "WorkerPool operator works on {}, for pools in {}; health and metrics on port {}",
                    client.getMasterUrl(),
                    options.namespaces().isEmpty() ? "all namespaces" : options.namespaces(),
                    running.managementPort());
            return running;
        } catch (RuntimeException e) {
            running.close();
            throw e;
        }
    }

    private RunningOperator(
            KubernetesClient client,
            Options options,
            Optional<Leadership> leadership,
            Clock clock,
            Consumer<String> fatal) {
        this.client = client;
        this.leadership = leadership;
        health = new WatchHealth(clock, () -> readiness(client), outages::seen);
        new ClassLoaderMetrics().bindTo(registry);
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        try {
            management =
                    new ManagementServer(options.managementPort(), health::dead, health::unready, registry::scrape);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "Port " + options.managementPort() + " for health and metrics cannot be had (" + e.getMessage()
                            + "); mend it with: export MANAGEMENT_PORT=<another>",
                    e);
        }
        operator = new Operator(settings -> configure(settings, fatal));
    }

    /** Whether it could serve watches, and not only answer: an API server that starts, or has no etcd, is not ready. */
    static WatchHealth.Answer readiness(KubernetesClient client) {
        try {
            return client.raw("/readyz") == null ? WatchHealth.Answer.UNTOLD : WatchHealth.Answer.READY;
        } catch (KubernetesClientException e) {
            return switch (e.getCode()) {
                case HttpURLConnection.HTTP_UNAUTHORIZED,
                        HttpURLConnection.HTTP_FORBIDDEN,
                        HttpURLConnection.HTTP_NOT_FOUND -> WatchHealth.Answer.UNTOLD;
                default -> WatchHealth.Answer.NOT_READY;
            };
        }
    }

    /** Where {@code /livez}, {@code /readyz} and {@code /metrics} answer. */
    public int managementPort() {
        return management.port();
    }

    /** Ends it: no pass begins any more, the lease is given up. Within 5 s, also without an API server. */
    @Override
    public void close() {
        if (!closing.compareAndSet(false, true)) {
            return;
        }
        health.close();
        leadership.ifPresent(Leadership::end);
        operator.stop();
        leadership.ifPresent(lease -> lease.release(client));
        management.close();
        registry.close();
    }

    private void configure(ConfigurationServiceOverrider settings, Consumer<String> fatal) {
        settings.withKubernetesClient(client)
                .withCloseClientOnStop(false)
                .checkingCRDAndValidateLocalModel(false) // Preflight has looked
                .withExecutorService(Executors.newFixedThreadPool(
                        CONCURRENCY, Thread.ofVirtual().name("reconcile-", 0).factory()))
                .withCacheSyncTimeout(CACHES_FILL_WITHIN)
                .withReconciliationTerminationTimeout(LAST_PASSES)
                .withMetrics(MicrometerMetricsV2.newBuilder(registry).build())
                .withInformerStoppedHandler((informer, cause) -> {
                    if (cause != null && informer.hasSynced() && !closing.get()) {
                        fatal.accept(
                                "The informer of " + informer.getApiTypeClass().getSimpleName() + " ended: " + cause);
                    }
                });
        leadership.ifPresent(lease -> settings.withLeaderElectionConfiguration(lease.configuration()));
    }

    private static void configure(ControllerConfigurationOverrider<WorkerPool> configuration, Options options) {
        configuration.withRetry(new GenericRetry().withoutMaxAttempts());
        // The reconciler's own alarm looks at least once an hour; JOSDK's timer (5.3.2) would keep something of each
        // pass for 10 h.
        configuration.withReconciliationMaxInterval(null);
        if (!options.namespaces().isEmpty()) {
            configuration.settingNamespaces(options.namespaces());
        }
    }

    private List<Informer> informers() {
        return operator.getRegisteredControllers().stream()
                .flatMap(controller ->
                        controller.getControllerHealthInfo().informerEventSourceHealthIndicators().values().stream())
                .flatMap(source -> Informer.behind((EventSource<?, ?>) source, client).stream())
                .toList();
    }
}
