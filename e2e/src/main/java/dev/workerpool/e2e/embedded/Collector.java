package dev.workerpool.e2e.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/** The garbage collector and the namespace controller: what follows when an owner or a namespace goes. */
final class Collector {
    private static final String NAMESPACE_FINALIZER = "kubernetes";

    private final Store store;
    private final Kinds kinds;
    private final Deletion deletion;

    Collector(Store store, Kinds kinds, Deletion deletion) {
        this.store = store;
        this.kinds = kinds;
        this.deletion = deletion;
    }

    /** Does what one change calls for; runs as one step on the store. */
    void follow(Store.Change change) {
        store.locked(() -> {
            String home = change.key().namespace();
            ObjectNode object = change.after();
            if (change.deleted()) {
                dependents(home, Json.uid(object)).forEach(key -> collect(key, Json.uid(object)));
                owners(object)
                        .forEach(owner -> settle(store.find(owner.path("uid").asText())));
                settle(Kinds.NAMESPACE.key("", home));
            } else {
                if (change.before() == null) {
                    owners(object).stream()
                            .map(owner -> owner.path("uid").asText())
                            .filter(uid -> store.find(uid) == null)
                            .forEach(uid -> collect(change.key(), uid));
                }
                settle(change.key());
            }
            return null;
        });
    }

    /** An owner that waits for its dependents, or a namespace that waits to be empty. */
    private void settle(Store.Key key) {
        ObjectNode object = key == null ? null : store.get(key);
        if (object == null || !Json.terminating(object)) {
            return;
        }
        List<String> finalizers = Json.texts(Json.at(object, "metadata.finalizers"));
        String uid = Json.uid(object);
        if (finalizers.contains(Deletion.ORPHAN)) {
            dependents(key.namespace(), uid).forEach(dependent -> deletion.disown(dependent, uid));
            deletion.release(key, Deletion.ORPHAN);
        } else if (finalizers.contains(Deletion.FOREGROUND)) {
            List<Store.Key> blocking = dependents(key.namespace(), uid);
            blocking.forEach(dependent -> collect(dependent, uid));
            if (dependents(key.namespace(), uid).isEmpty()) {
                deletion.release(key, Deletion.FOREGROUND);
            }
        } else if (finalizers.contains(NAMESPACE_FINALIZER) && key.resource().equals(Kinds.NAMESPACE.storage())) {
            store.keysIn(key.name()).forEach(this::delete);
            if (store.keysIn(key.name()).isEmpty()) {
                deletion.release(key, NAMESPACE_FINALIZER);
            }
        }
    }

    private void collect(Store.Key key, String ownerUid) {
        ObjectNode object = store.get(key);
        if (object == null) {
            return;
        }
        boolean ownedByOthers = owners(object).stream()
                .map(owner -> owner.path("uid").asText())
                .anyMatch(uid -> !uid.equals(ownerUid) && store.find(uid) != null);
        if (ownedByOthers) {
            deletion.disown(key, ownerUid);
        } else {
            delete(key);
        }
    }

    private void delete(Store.Key key) {
        ObjectNode object = store.get(key);
        if (object != null && !Json.terminating(object)) {
            Kind kind = kinds.stored(key.resource()).orElseThrow();
            deletion.delete(kind, object, Json.object(), "Background", "", false);
        }
    }

    private List<Store.Key> dependents(String namespace, String uid) {
        List<Store.Key> found = new ArrayList<>();
        for (Store.Key key : store.keysIn(namespace)) {
            if (owners(store.get(key)).stream()
                    .anyMatch(o -> o.path("uid").asText().equals(uid))) {
                found.add(key);
            }
        }
        return found;
    }

    private static List<JsonNode> owners(ObjectNode object) {
        List<JsonNode> owners = new ArrayList<>();
        Json.at(object, "metadata.ownerReferences").forEach(owners::add);
        return owners;
    }
}
