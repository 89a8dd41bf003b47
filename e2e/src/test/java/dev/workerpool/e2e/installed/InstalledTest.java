package dev.workerpool.e2e.installed;

import dev.workerpool.e2e.cluster.NamespaceTest;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/**
 * Tests of the operator as it is installed: pods made from its image (e2e/cluster/operator-image), which work on the
 * pools of all namespaces. So no other test may run meanwhile, and each class takes all of it away but the CRD.
 */
abstract class InstalledTest extends NamespaceTest {
    Installation operator;
    Instant installedAt;
    /** From {@code kubectl apply -k} until the operator was ready. */
    Duration readyAfter;

    /** What is applied, of {@code deploy}. */
    abstract String directory();

    @BeforeAll
    final void install() {
        long began = System.nanoTime();
        installedAt = Instant.now();
        operator = Installation.apply(client, Installation.deploy(directory()));
        operator.awaitReady();
        readyAfter = Duration.ofNanos(System.nanoTime() - began);
    }

    @AfterAll
    final void uninstall() {
        if (operator != null) {
            operator.remove();
        }
    }

    @Override
    protected String operatorLog() {
        return operator.log();
    }

    /** As a figure: with one digit behind the point. */
    static String seconds(Duration time) {
        return "%.1f s".formatted(time.toMillis() / 1000.0);
    }
}
