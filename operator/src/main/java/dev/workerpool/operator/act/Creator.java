package dev.workerpool.operator.act;

import dev.workerpool.operator.decide.Action;
import dev.workerpool.operator.observe.Obstacles.Kind;
import dev.workerpool.operator.pods.PodFactory;
import dev.workerpool.operator.pods.PodName;
import dev.workerpool.operator.pods.PodReading;
import dev.workerpool.operator.pods.RevisionContent;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Makes workers, in batches of 1, 2, 4 ... 64: a quota that is used up costs one refusal, not a hundred. */
final class Creator {
    /** Each call of a batch has a connection of its own, and those cost memory. */
    private static final int LARGEST_BATCH = 64;

    private final PodCalls calls;
    private final Clock clock;

    Creator(PodCalls calls, Clock clock) {
        this.calls = calls;
        this.clock = clock;
    }

    /** What a create came to. */
    sealed interface Answer {
        /** It is there: wait until the cache shows this UID. */
        record Made(String uid) implements Answer {}

        /** It may be there, the answer was lost. */
        record Maybe() implements Answer {}

        /** Its name belongs to a pod that is no worker of this pool: it is passed over (contract, section 2). */
        record Taken() implements Answer {}

        /** It was refused, or cannot be made. */
        record Refused(String message) implements Answer {}

        /** The pod that had its name went in the same moment. */
        record Again() implements Answer {}
    }

    /** Makes all of them, or stops after the first batch with a failure: then false. */
    boolean run(Assignment a, List<Action.Create> creates) {
        int from = 0;
        for (int size = 1; from < creates.size(); size = Math.min(2 * size, LARGEST_BATCH)) {
            List<Action.Create> batch = creates.subList(from, Math.min(creates.size(), from + size));
            List<Answer> answers = ask(a, batch);
            if (answers.stream().allMatch(Answer.Made.class::isInstance)) {
                a.memory().obstacles().passed(Kind.CREATE);
            }
            answers.stream()
                    .filter(Answer.Refused.class::isInstance)
                    .map(Answer.Refused.class::cast)
                    .findFirst()
                    .ifPresent(r -> a.memory().obstacles().refused(Kind.CREATE, r.message(), clock.instant()));
            boolean anyRefused = answers.stream().anyMatch(Answer.Refused.class::isInstance);
            boolean ok = true;
            for (int i = 0; i < batch.size(); i++) {
                ok &= remember(a, batch.get(i), answers.get(i), anyRefused);
            }
            if (!ok) {
                return false;
            }
            from += batch.size();
        }
        return true;
    }

    private boolean remember(Assignment a, Action.Create create, Answer answer, boolean anyRefused) {
        return switch (answer) {
            case Answer.Made made -> {
                a.expectations().created(made.uid(), clock.instant());
                yield true;
            }
            case Answer.Maybe maybe -> {
                a.expectations().maybeCreated(name(a, create), clock.instant());
                yield true;
            }
            case Answer.Taken taken -> {
                a.memory().nameTaken(create.slot(), create.generation());
                // At once: the worker in whose place it comes may be deleted already.
                yield !anyRefused
                        && run(
                                a,
                                List.of(new Action.Create(create.slot(), create.generation() + 1, create.revision())));
            }
            case Answer.Refused refused -> false;
            case Answer.Again again -> false;
        };
    }

    private List<Answer> ask(Assignment a, List<Action.Create> batch) {
        if (batch.size() == 1) {
            return List.of(ask(a, batch.get(0)));
        }
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Answer>> answers =
                    batch.stream().map(c -> threads.submit(() -> ask(a, c))).toList();
            return answers.stream().map(Creator::get).toList();
        }
    }

    private static Answer get(Future<Answer> answer) {
        try {
            return answer.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Answer.Maybe();
        } catch (ExecutionException e) {
            throw new IllegalStateException("a worker could not be made", e.getCause());
        }
    }

    private Answer ask(Assignment a, Action.Create create) {
        String name = name(a, create);
        Optional<RevisionContent> content = a.content(create.revision());
        if (content.isEmpty()) {
            return new Answer.Refused("pod " + name + " cannot be made: the ControllerRevision of revision "
                    + create.revision() + " is gone or unreadable; apply the spec of that version again");
        }
        try {
            Pod made = calls.create(PodFactory.pod(a.pool(), content.get(), create.slot(), create.generation()));
            return new Answer.Made(made.getMetadata().getUid());
        } catch (KubernetesClientException e) {
            if (!ApiError.definite(e)) {
                return new Answer.Maybe();
            }
            return e.getCode() == HttpURLConnection.HTTP_CONFLICT ? lookUp(a, name, e) : refused(name, e);
        }
    }

    /** A 409 is also what a quota answers that was changed in the same moment: then nobody has the name. */
    private Answer lookUp(Assignment a, String name, KubernetesClientException conflict) {
        try {
            Pod holder = calls.get(a.namespace(), name);
            if (holder == null) {
                return conflict.getStatus() != null
                                && "AlreadyExists".equals(conflict.getStatus().getReason())
                        ? new Answer.Again()
                        : refused(name, conflict);
            }
            return PodReading.isWorker(holder, a.pool())
                    ? new Answer.Made(holder.getMetadata().getUid())
                    : new Answer.Taken();
        } catch (KubernetesClientException e) {
            return refused(name, e);
        }
    }

    private static Answer refused(String name, KubernetesClientException e) {
        return new Answer.Refused("pod " + name + " is not admitted: " + ApiError.said(e));
    }

    private static String name(Assignment a, Action.Create create) {
        return new PodName(a.name(), create.slot(), create.generation()).format();
    }
}
