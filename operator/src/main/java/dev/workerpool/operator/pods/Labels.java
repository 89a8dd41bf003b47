package dev.workerpool.operator.pods;

/** Labels and annotations of workers and pools (contract, sections 2, 3 and 5). */
public final class Labels {
    /** Label: the pool's name. */
    public static final String POOL = "workerpool.dev/pool";
    /** Label: the worker's slot, from 1. */
    public static final String WORKER = "workerpool.dev/worker";
    /** Label: {@link RevisionContent#revision()}. */
    public static final String REVISION = "workerpool.dev/revision";
    /** Label: {@code spec.version} of what the worker was made from. */
    public static final String VERSION = "workerpool.dev/version";

    /** Annotation of a worker: as the label {@link #VERSION}. */
    public static final String VERSION_ANNOTATION = "workerpool.dev/version";
    /** Annotation of a worker: counted from 0 within its slot. */
    public static final String GENERATION = "workerpool.dev/generation";
    /** Annotation of a pool, set by the user: a new value tries the failed revision again. */
    public static final String RETRY = "workerpool.dev/retry";
    /** Annotation of a worker, set by the user: the lowest goes first when the pool is scaled down. */
    public static final String DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";

    private Labels() {}

    /** Selects the workers of a pool: {@code workerpool.dev/pool=<pool>}. */
    public static String selector(String pool) {
        return POOL + "=" + pool;
    }
}
