package dev.workerpool.e2e.installed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.workerpool.api.Reason;
import dev.workerpool.e2e.cluster.Kubectl;
import dev.workerpool.e2e.cluster.NamespaceTest;
import dev.workerpool.e2e.cluster.Pool;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBindingBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The operator in one namespace, for that one alone; and starts that cannot succeed, as their pods' state tells them. */
@Execution(ExecutionMode.CONCURRENT)
class NamespacedE2E extends NamespaceTest {
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    @TempDir
    private static Path directory;

    private Installation operator;
    private String elsewhere;

    /**
     * A start that cannot succeed.
     *
     * @param account the pod's ServiceAccount
     * @param variable that is set
     * @param line that is its end, but for the cluster's address; {@code %s} stands for the pod's namespace
     */
    record BadStart(String name, String account, String variable, String value, String line) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<BadStart> badStarts() {
        String operator = "workerpool-operator";
        return Stream.of(
                new BadStart(
                        "bad-election",
                        operator,
                        "LEADER_ELECTION",
                        "yes",
                        "LEADER_ELECTION must be true or false, not yes"),
                new BadStart(
                        "bad-port",
                        operator,
                        "MANAGEMENT_PORT",
                        "http",
                        "MANAGEMENT_PORT must be a number from 0 to 65535, not http"),
                new BadStart(
                        "bad-level",
                        operator,
                        "LOG_LEVEL",
                        "loud",
                        "LOG_LEVEL must be one of trace, debug, info, warn, error, off; not loud"),
                new BadStart(
                        "bad-name",
                        operator,
                        "WATCH_NAMESPACES",
                        "Shop",
                        "WATCH_NAMESPACES names Shop, which can be no namespace: lower case letters, digits and dashes, at most"
                                + " 63"),
                new BadStart(
                        "no-namespace",
                        "everything",
                        "WATCH_NAMESPACES",
                        "nowhere",
                        "Namespace nowhere does not exist on https://ADDRESS/, and WATCH_NAMESPACES names it; mend it with:"
                                + " kubectl create namespace nowhere"),
                new BadStart(
                        "no-permission",
                        "nothing",
                        "LEADER_ELECTION",
                        "true",
                        "Missing permissions on https://ADDRESS/: get/list/watch workerpools in namespace %s;"
                                + " update workerpools/status in namespace %s;"
                                + " update workerpools/finalizers in namespace %s;"
                                + " get/list/watch/create/delete pods in namespace %s;"
                                + " create pods/eviction in namespace %s;"
                                + " get pods/log in namespace %s;"
                                + " get/list/watch/create/patch/delete controllerrevisions in namespace %s;"
                                + " list/create events in namespace %s;"
                                + " get/create/update/patch leases in namespace %s."
                                + " Mend it with: kubectl apply -k deploy/overlays/namespaced (as a cluster administrator,"
                                + " with namespace: %s in its kustomization.yaml)"));
    }

    @BeforeAll
    void install() throws IOException {
        elsewhere = newNamespace();
        Path overlay = Path.of(Installation.deploy("overlays/namespaced")).toRealPath();
        Files.writeString(directory.resolve("kustomization.yaml"), """
                        namespace: %s
                        resources: [%s]
                        """.formatted(
                        namespace, directory.toRealPath().relativize(overlay)));
        Kubectl.run("apply", "-k", directory.toString());
        operator = new Installation(client, namespace);
        makeAccounts();
        operator.awaitReady();
    }

    /** One that may do nothing, and one that may do everything. */
    private void makeAccounts() {
        for (String name : List.of("nothing", "everything")) {
            client.resource(new ServiceAccountBuilder()
                            .withNewMetadata()
                            .withName(name)
                            .withNamespace(namespace)
                            .endMetadata()
                            .build())
                    .create();
        }
        client.resource(new ClusterRoleBindingBuilder()
                        .withNewMetadata()
                        .withName(namespace)
                        .endMetadata()
                        .withNewRoleRef("rbac.authorization.k8s.io", "ClusterRole", "cluster-admin")
                        .addNewSubject(null, "ServiceAccount", "everything", namespace)
                        .build())
                .create();
    }

    @AfterAll
    void deleteWhatIsElsewhere() {
        if (elsewhere != null) {
            client.namespaces().withName(elsewhere).delete();
        }
        client.rbac().clusterRoleBindings().withName(namespace).delete();
    }

    @Override
    protected String operatorLog() {
        return operator.log();
    }

    @Test
    void worksOnThePoolsOfItsNamespaceAndHasNoRightInAnother() {
        Pool foreign = Pool.create(client, elsewhere, "foreign", "{}");
        Pool pool = create("web", "{}");
        pool.awaitUpToDate("1.0.0");
        pool.version("2.0.0-crash");
        assertThat(pool.await(Reason.RolledBack).lastFailure().log()).contains("opening the order database");
        pool.version("1.1.0");
        pool.awaitUpToDate("1.1.0");

        assertThat(foreign.get().getStatus()).isNull();
        assertThat(foreign.pods()).isEmpty();
        String user = "system:serviceaccount:" + namespace + ":workerpool-operator";
        Permissions permissions = new Permissions(client);
        assertThat(permissions.allowed(user, namespace, "workerpools", "list")).hasSize(1);
        assertThat(permissions.allowed(user, elsewhere, "workerpools", "get", "list", "watch"))
                .isEmpty();
        assertThat(permissions.allowed(user, elsewhere, "workerpools/status", "update"))
                .isEmpty();
        assertThat(client.rbac().clusterRoleBindings().list().getItems())
                .flatExtracting(binding -> binding.getSubjects())
                .noneMatch(subject ->
                        user.equals("system:serviceaccount:" + subject.getNamespace() + ":" + subject.getName()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("badStarts")
    void endsAStartThatCannotSucceedWithOneLineInThePodsState(BadStart bad) {
        Pod pod = client.resource(pod(bad)).create();
        try {
            ContainerStateTerminated end = await("the operator's start ends")
                    .atMost(PATIENCE)
                    .until(() -> end(pod), Optional::isPresent)
                    .orElseThrow();
            assertThat(end.getExitCode()).isEqualTo(1);
            assertThat(end.getMessage()
                            .lines()
                            .filter(line -> !line.startsWith("Picked up JAVA_TOOL_OPTIONS")) // the JVM's own
                            .map(line -> line.replaceAll("https://[^/]+/", "https://ADDRESS/")))
                    .containsExactly("workerpool-operator: " + bad.line().replace("%s", namespace));
        } finally {
            client.resource(pod).withGracePeriod(0).delete();
        }
    }

    /** As the Deployment would make it, with one setting and another account. */
    private Pod pod(BadStart bad) {
        PodSpec spec = operator.deployment().getSpec().getTemplate().getSpec();
        spec.setServiceAccountName(bad.account());
        List<EnvVar> environment =
                new ArrayList<>(spec.getContainers().getFirst().getEnv());
        environment.removeIf(variable -> variable.getName().equals(bad.variable()));
        environment.add(new EnvVar(bad.variable(), bad.value(), null));
        spec.getContainers().getFirst().setEnv(environment);
        return new PodBuilder()
                .withNewMetadata()
                .withName(bad.name())
                .withNamespace(namespace)
                .endMetadata()
                .withSpec(spec)
                .build();
    }

    private Optional<ContainerStateTerminated> end(Pod pod) {
        return client.pods().resource(pod).get().getStatus().getContainerStatuses().stream()
                .flatMap(status -> Stream.of(status.getState(), status.getLastState()))
                .map(ContainerState::getTerminated)
                .filter(Objects::nonNull)
                .findFirst();
    }
}
