package dev.workerpool.operator.act;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.operator.observe.Obstacles.Kind;
import dev.workerpool.operator.pods.Labels;
import dev.workerpool.operator.pods.RevisionContent;
import io.fabric8.kubernetes.api.model.DeleteOptions;
import io.fabric8.kubernetes.api.model.DeleteOptionsBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.fabric8.kubernetes.api.model.apps.ControllerRevisionBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;

/** Keeps revisions as ControllerRevisions of the pool (contract, section 3). */
final class SnapshotStore {
    private static final int UID_LETTERS = 8;

    private final KubernetesClient client;
    private final Clock clock;

    SnapshotStore(KubernetesClient client, Clock clock) {
        this.client = client;
        this.clock = clock;
    }

    /** Keeps the spec under its revision, as number 0; false if it could not be. */
    boolean keep(Assignment a, String revision) {
        return attempt(a, Kind.RECORD, revision, "kept", () -> {
            try {
                client.resource(record(a.pool(), revision)).create();
            } catch (KubernetesClientException e) {
                ControllerRevision there = e.getCode() == HttpURLConnection.HTTP_CONFLICT
                        ? resource(a, revision).get()
                        : null;
                if (there == null || !ours(there, a.pool())) {
                    throw e;
                }
            }
            a.memory().recordWritten(revision, 0, clock.instant());
        });
    }

    /** Numbers a revision as the newest good one; false if it could not be. */
    boolean promote(Assignment a, String revision, long number) {
        return attempt(a, Kind.PRUNE, revision, "numbered", () -> seen(a, revision)
                .ifPresentOrElse(
                        record -> {
                            number(a, record, number);
                            a.memory().recordWritten(revision, number, clock.instant());
                        },
                        () -> a.memory().recordDropped(revision, clock.instant())));
    }

    /** Deletes the record, which may be what a quota waits for; false if it could not be. */
    boolean drop(Assignment a, String revision) {
        return attempt(a, Kind.PRUNE, revision, "deleted", () -> {
            seen(a, revision).ifPresent(record -> delete(a, record));
            a.memory().recordDropped(revision, clock.instant());
        });
    }

    /** The record that the plan is about; one that was kept just now may be known to the API server alone. */
    private Optional<ControllerRevision> seen(Assignment a, String revision) {
        return a.view()
                .record(revision)
                .or(() -> Optional.ofNullable(resource(a, revision).get()).filter(there -> ours(there, a.pool())));
    }

    /** Refused if somebody has made it anew meanwhile. */
    private void number(Assignment a, ControllerRevision seen, long number) {
        client.resources(ControllerRevision.class)
                .inNamespace(a.namespace())
                .withName(seen.getMetadata().getName())
                .patch(
                        PatchContext.of(PatchType.JSON_MERGE),
                        "{\"metadata\":{\"uid\":\"" + uid(seen) + "\"},\"revision\":" + number + "}");
    }

    /** The same; the typed client has no words for it. */
    private void delete(Assignment a, ControllerRevision seen) {
        DeleteOptions guarded =
                new DeleteOptionsBuilder().withNewPreconditions(null, uid(seen)).build();
        try {
            client.raw(
                    "/apis/apps/v1/namespaces/" + a.namespace() + "/controllerrevisions/"
                            + seen.getMetadata().getName(),
                    "DELETE",
                    guarded);
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND) {
                throw e;
            }
        }
    }

    private static String uid(ControllerRevision record) {
        return record.getMetadata().getUid();
    }

    private boolean attempt(Assignment a, Kind kind, String revision, String what, Runnable call) {
        if (a.memory().obstacles().hold(kind, clock.instant())) {
            return false;
        }
        try {
            call.run();
            a.memory().obstacles().passed(kind);
            return true;
        } catch (KubernetesClientException e) {
            String message =
                    "ControllerRevision " + name(a.pool(), revision) + " cannot be " + what + ": " + ApiError.said(e);
            a.memory().obstacles().refused(kind, message, clock.instant());
            return false;
        }
    }

    private Resource<ControllerRevision> resource(Assignment a, String revision) {
        return client.resources(ControllerRevision.class)
                .inNamespace(a.namespace())
                .withName(name(a.pool(), revision));
    }

    /** {@code <pool>-<revision>-<first 8 characters of the pool's UID>}. */
    static String name(WorkerPool pool, String revision) {
        String uid = pool.getMetadata().getUid();
        return pool.getMetadata().getName() + "-" + revision + "-"
                + uid.substring(0, Math.min(UID_LETTERS, uid.length()));
    }

    private static ControllerRevision record(WorkerPool pool, String revision) {
        OwnerReference owner = new OwnerReferenceBuilder()
                .withApiVersion(WorkerPool.GROUP + "/" + WorkerPool.VERSION)
                .withKind(WorkerPool.KIND)
                .withName(pool.getMetadata().getName())
                .withUid(pool.getMetadata().getUid())
                .withController(true)
                .withBlockOwnerDeletion(true)
                .build();
        return new ControllerRevisionBuilder()
                .withNewMetadata()
                .withName(name(pool, revision))
                .withNamespace(pool.getMetadata().getNamespace())
                .withLabels(Map.of(Labels.POOL, pool.getMetadata().getName(), Labels.REVISION, revision))
                .withOwnerReferences(owner)
                .endMetadata()
                .withRevision(0L)
                .withData(RevisionContent.of(pool.getSpec()).toData())
                .build();
    }

    private static boolean ours(ControllerRevision record, WorkerPool pool) {
        return record.getMetadata().getOwnerReferences().stream()
                .anyMatch(owner -> Boolean.TRUE.equals(owner.getController())
                        && pool.getMetadata().getUid().equals(owner.getUid()));
    }
}
