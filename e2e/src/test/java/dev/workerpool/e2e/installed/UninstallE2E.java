package dev.workerpool.e2e.installed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.e2e.cluster.Kubectl;
import dev.workerpool.e2e.cluster.Pool;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/** What docs/install.md warns of: who deletes the CRD deletes every pool, and with it its workers. */
@Isolated("the CRD goes, and with it the pools of all namespaces")
class UninstallE2E extends InstalledTest {
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    @Override
    String directory() {
        return "";
    }

    @Test
    void theCrdTakesPoolsAndWorkersWithItAndAnOperatorWithoutItSaysThatItIsMissing() {
        await("pools of others, which this would delete, are gone")
                .atMost(PATIENCE)
                .until(() -> client.resources(WorkerPool.class)
                        .inAnyNamespace()
                        .list()
                        .getItems()
                        .isEmpty());
        Pool pool = create("web", "{}");
        pool.awaitUpToDate("1.0.0");

        Kubectl.run("delete", "-k", Installation.deploy(""));
        assertThat(client.apiextensions()
                        .v1()
                        .customResourceDefinitions()
                        .withName("workerpools.workerpool.dev")
                        .get())
                .isNull();
        await("the workers are collected")
                .atMost(PATIENCE)
                .until(() ->
                        client.pods().inNamespace(namespace).list().getItems().isEmpty());

        Kubectl.run("apply", "-k", Installation.deploy("base"));
        await("the pod's state says what is missing").atMost(PATIENCE).until(() -> operator.pods().stream()
                .flatMap(UninstallE2E::lastWords)
                .anyMatch(message -> message.contains("does not know WorkerPools: the CRD workerpools.workerpool.dev is"
                        + " missing; mend it with: kubectl apply -k crds")));

        Kubectl.run("apply", "-k", Installation.deploy(""));
        operator.awaitReady();
        pool = create("web", "{}");
        pool.awaitUpToDate("1.0.0");
        pool.delete();
    }

    private static Stream<String> lastWords(Pod pod) {
        return pod.getStatus().getContainerStatuses().stream()
                .flatMap(status -> Stream.of(status.getState(), status.getLastState()))
                .map(state -> state.getTerminated())
                .filter(Objects::nonNull)
                .filter(end -> Integer.valueOf(1).equals(end.getExitCode()))
                .map(end -> end.getMessage());
    }
}
