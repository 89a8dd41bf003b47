package dev.workerpool.e2e.installed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.workerpool.api.Reason;
import dev.workerpool.api.WorkerPoolStatus;
import dev.workerpool.api.WorkerPoolStatus.BreakerState;
import dev.workerpool.api.WorkerPoolStatus.Result;
import dev.workerpool.e2e.cluster.Kubectl;
import dev.workerpool.e2e.cluster.Load;
import dev.workerpool.e2e.cluster.Load.Mode;
import dev.workerpool.e2e.cluster.LocalCluster;
import dev.workerpool.e2e.cluster.PodRecord;
import dev.workerpool.e2e.cluster.Pool;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.RoleBindingBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/** {@code kubectl apply -k deploy}, and what a platform team asks before it lets an operator near production. */
@Isolated("the operator works on the pools of all namespaces")
class InstallE2E extends InstalledTest {
    /** On a machine with nothing else to do it takes 5 to 7 s, and 10 is promised. */
    private static final Duration READY_WITHIN = Duration.ofSeconds(60);

    private static final int MEGABYTES = 200;

    /** Asked within the API server's admission of a worker, and not by a request; there is a test of its own for it. */
    private static final Set<String> ASKED_BY_ADMISSION = Set.of("update workerpool.dev/workerpools/finalizers");

    @Override
    String directory() {
        return "";
    }

    @Test
    void isReadyAtOnceAndSmallUnderPodSecurityRestricted() {
        assertThat(readyAfter).isLessThan(READY_WITHIN);
        String memory = LocalCluster.present()
                .map(cluster -> cluster.residentMegabytes(operator.leader()))
                .map(megabytes -> {
                    assertThat(megabytes).isLessThan(MEGABYTES);
                    return megabytes + " MB of RSS";
                })
                .orElse("RSS not known");
        System.out.printf(
                "FIGURES install: from kubectl apply -k deploy to a ready operator %s; %s%n",
                seconds(readyAfter), memory);

        Pod privileged = Serialization.unmarshal("""
                apiVersion: v1
                kind: Pod
                metadata: {name: privileged, namespace: workerpool-system}
                spec: {containers: [{name: x, image: x, securityContext: {privileged: true}}]}
                """, Pod.class);
        assertThatThrownBy(() -> client.resource(privileged).dryRun().create())
                .isInstanceOf(KubernetesClientException.class)
                .hasMessageContaining("violates PodSecurity \"restricted:");
    }

    /** Every permission once used; what is granted and never asked for fails this, and so does what is asked for and denied. */
    @Test
    void doesTheWholeMainJobWithTheVerbsItIsGrantedAndNoOther() {
        Audit audit = new Audit(AUDIT_LOG.orElseGet(() -> {
            LocalCluster.assumed("there is no audit log");
            throw new AssertionError("set AUDIT_LOG as .ci/run does");
        }));
        String before = operator.leader().getMetadata().getName();
        Instant began = Instant.now();
        Pool pool = create(
                "web", "spec: {replicas: 3, revisionHistoryLimit: 0, circuitBreaker: {resetTimeoutSeconds: 600}}");
        String first = pool.awaitUpToDate("1.0.0").currentRevision();
        try (PodRecord pods = PodRecord.of(pool)) {
            pool.version("1.1.0");
            pool.awaitUpToDate("1.1.0");
            backToARevisionWhoseNameIsTaken(pool, first);
            assertThat(pods.fewestReady()).as("ready pods: %s", pods.lines()).isEqualTo(3);
        }
        scaleUpToANameThatIsTaken(pool);
        for (int failed = 1; failed <= 3; failed++) {
            pool.version("2.0." + failed + "-crash");
            WorkerPoolStatus status = pool.await(Reason.RolledBack);
            assertThat(status.lastFailure().log()).contains("opening the order database");
            assertThat(status.circuitBreaker().consecutiveFailures()).isEqualTo(failed);
        }
        pool.version("3.0.0");
        pool.await(Reason.CircuitBreakerOpen);
        pool.annotate("workerpool.dev/retry", "now");
        assertThat(pool.awaitUpToDate("3.0.0").circuitBreaker().state()).isEqualTo(BreakerState.Closed);
        String lost = pool.pods().getFirst().getMetadata().getUid();
        client.pods().resource(pool.pods().getFirst()).delete();
        Pool.eventually("the lost worker is made again", () -> pool.pods().stream()
                .noneMatch(pod -> pod.getMetadata().getUid().equals(lost)));
        pool.awaitUpToDate("3.0.0");
        mountsWhatIsMissing(pool);
        operator.restart();
        assertThat(operator.leader().getMetadata().getName()).isNotEqualTo(before);
        pool.scale(0);
        pool.await("no workers", s -> pool.pods().isEmpty());
        pool.delete();

        List<Audit.Request> requests = audit.since(installedAt);
        // Only now: an operator that is being uninstalled, by another test, loses its rights before its pod has ended.
        assertThat(requests.stream().filter(Audit.Request::denied).filter(request -> request.at()
                        .isAfter(began)))
                .as("requests that the operator has no permission for")
                .isEmpty();
        Set<String> used = requests.stream()
                .filter(request -> request.code() < 500)
                .map(request -> request.verb() + " " + request.resource())
                .collect(Collectors.toCollection(TreeSet::new));
        Set<String> granted = new Permissions(client).ofTheOperator();
        Set<String> unused = new TreeSet<>(granted);
        unused.removeAll(used);
        System.out.printf(
                "FIGURES least privilege: %d permissions granted, %d of them used in %d requests, %d asked for by admission;"
                        + " 0 requests denied%n",
                granted.size(), granted.size() - unused.size(), requests.size(), ASKED_BY_ADMISSION.size());
        assertThat(unused).as("granted and never used").isEqualTo(ASKED_BY_ADMISSION);
        assertThat(granted).noneMatch(permission -> permission.contains("*") || permission.contains("secrets"));
    }

    /** The record of the version that the pool goes back to cannot be kept as long as another object has its name. */
    private void backToARevisionWhoseNameIsTaken(Pool pool, String revision) {
        String name = pool.name() + "-" + revision + "-"
                + pool.get().getMetadata().getUid().substring(0, 8);
        var taken = client.resources(ControllerRevision.class)
                .inNamespace(namespace)
                .withName(name);
        Pool.eventually("the old record is dropped", () -> taken.get() == null);
        client.resource(Serialization.unmarshal("""
                        apiVersion: apps/v1
                        kind: ControllerRevision
                        metadata: {name: %s}
                        revision: 1
                        data: {}
                        """.formatted(name), ControllerRevision.class))
                .inNamespace(namespace)
                .create();
        pool.version("1.0.0");
        pool.awaitBlocked("ControllerRevision " + name);
        taken.delete();
        assertThat(pool.awaitUpToDate("1.0.0").history().getFirst().result()).isEqualTo(Result.Succeeded);
    }

    private void scaleUpToANameThatIsTaken(Pool pool) {
        client.resource(Serialization.unmarshal("""
                        apiVersion: v1
                        kind: Pod
                        metadata: {name: %s-4-0}
                        spec: {containers: [{name: x, image: 'workerpool.dev/worker:e2e', imagePullPolicy: Never}]}
                        """.formatted(pool.name()), Pod.class))
                .inNamespace(namespace)
                .create();
        pool.scale(4);
        pool.await(Reason.UpToDate);
        assertThat(pool.pods()).extracting(pod -> pod.getMetadata().getName()).contains(pool.name() + "-4-1");
        pool.scale(3);
        pool.awaitUpToDate("1.0.0");
    }

    private void mountsWhatIsMissing(Pool pool) {
        pool.edit("""
                template:
                  spec:
                    volumes: [{name: settings, configMap: {name: nowhere}}]
                    containers:
                    - name: worker
                      image: workerpool.dev/worker:e2e
                      imagePullPolicy: Never
                      readinessProbe: {httpGet: {path: /ready, port: 8000}, periodSeconds: 1}
                      volumeMounts: [{name: settings, mountPath: /settings}]
                """);
        pool.awaitBlocked("nowhere");
        pool.edit(
                "template: {spec: {volumes: null, containers: [%s]}}"
                        .formatted(
                                "{name: worker, image: 'workerpool.dev/worker:e2e', imagePullPolicy: Never,"
                                        + " readinessProbe: {httpGet: {path: /ready, port: 8000}, periodSeconds: 1, failureThreshold: 1}}"));
        pool.awaitUpToDate("3.0.0");
    }

    /** Where the API server asks who may keep a pool from being deleted, as e2e/cluster does, workers need that permission. */
    @Test
    void mayMakeWorkersThatKeepTheirPoolFromBeingDeleted() {
        LocalCluster.assumed("its API server asks for workerpools/finalizers");
        var role = client.rbac().clusterRoles().withName("workerpool-operator");
        Pool pool = create("owner", "spec: {replicas: 1}");
        pool.awaitUpToDate("1.0.0");
        ClusterRole whole = role.get();
        role.edit(r -> {
            r.getRules().removeIf(rule -> rule.getResources().contains("workerpools/finalizers"));
            return r;
        });
        try {
            pool.version("1.1.0");
            pool.awaitBlocked("ControllerRevision owner-", "cannot set blockOwnerDeletion");
        } finally {
            role.edit(r -> {
                r.setRules(whole.getRules());
                return r;
            });
        }
        pool.awaitUpToDate("1.1.0");
        pool.delete();
    }

    @Test
    void letsTheClustersOwnRolesDoTheSameWithPools() {
        for (String role : List.of("view", "edit", "admin")) {
            client.resource(new RoleBindingBuilder()
                            .withNewMetadata()
                            .withName(role)
                            .withNamespace(namespace)
                            .endMetadata()
                            .withNewRoleRef("rbac.authorization.k8s.io", "ClusterRole", role)
                            .addNewSubject("rbac.authorization.k8s.io", "User", "e2e-" + role, null)
                            .build())
                    .create();
        }
        Permissions permissions = new Permissions(client);
        String[] all = {"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"};
        Pool.eventually("the roles are put together", () -> permissions
                .allowed("e2e-edit", namespace, "workerpools", all)
                .equals(List.of(all)));
        assertThat(permissions.allowed("e2e-view", namespace, "workerpools", all))
                .containsExactly("get", "list", "watch");
        assertThat(permissions.allowed("e2e-admin", namespace, "workerpools", all))
                .containsExactly(all);
        for (String role : List.of("edit", "admin")) {
            assertThat(permissions.allowed("e2e-" + role, namespace, "workerpools/scale", "get", "update", "patch"))
                    .as(role)
                    .hasSize(3);
        }
        for (String role : List.of("view", "edit", "admin")) {
            // Only the operator says how it stands.
            assertThat(permissions.allowed("e2e-" + role, namespace, "workerpools/status", "update", "patch"))
                    .as(role)
                    .isEmpty();
            assertThat(permissions.allowed("e2e-" + role, "default", "workerpools", all))
                    .as("%s elsewhere", role)
                    .isEmpty();
        }
    }

    /** A new version of the operator itself: {@code kubectl rollout restart} in the middle of a step. */
    @Test
    void isReplacedInTheMiddleOfAStepWithoutDoingAnythingTwice() {
        Pool pool = create("upgraded", "spec: {replicas: 3, rollout: {progressDeadlineSeconds: 600}}");
        pool.awaitUpToDate("1.0.0");
        try (PodRecord pods = PodRecord.of(pool)) {
            pool.version("1.1.0-slow");
            pool.await(
                    "the first new worker starts", s -> !pool.pods("1.1.0-slow").isEmpty());
            String before = operator.leader().getMetadata().getName();
            long began = System.nanoTime();
            operator.restart();
            Duration took = Duration.ofNanos(System.nanoTime() - began);
            assertThat(operator.leader().getMetadata().getName()).isNotEqualTo(before);
            Steps.verifyOneRollout(pool, pods, "1.1.0-slow");
            System.out.printf(
                    "FIGURES kubectl rollout restart in the middle of a step: the new operator was ready and led after %s%n",
                    seconds(took));
        }
        pool.delete();
    }

    /** All but the CRD goes, in the middle of a step, and comes back before the step's deadline. */
    @Test
    void leavesWorkersServingWhenItIsUninstalledAndGoesOnWhereItWasWhenItIsBack() {
        Pool pool = create("kept", "spec: {replicas: 2, rollout: {progressDeadlineSeconds: 600}, drain: null}");
        pool.awaitUpToDate("1.0.0");
        int port = pool.expose();
        try (PodRecord pods = PodRecord.of(pool);
                Load load = Load.begin(port, Mode.NEW_CONNECTIONS, 50)) {
            pool.version("1.1.0-slow");
            pool.await(
                    "the second new worker starts", s -> pool.pods("1.1.0-slow").size() == 2);
            operator.remove();
            try {
                List<String> then = pods.names();
                await("nobody makes a worker")
                        .during(Duration.ofSeconds(8))
                        .atMost(Duration.ofSeconds(20))
                        .until(() -> pods.names().equals(then));
            } finally {
                Kubectl.run("apply", "-k", Installation.deploy(""));
                operator.awaitReady();
            }
            Steps.verifyOneRollout(pool, pods, "1.1.0-slow");
            assertThat(load.end().failures()).isEmpty();
        }
        pool.delete();
    }
}
