package dev.workerpool.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.fabric8.kubernetes.client.http.StandardHttpRequest;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class AnswerTimeoutTest {
    private static final int PATIENCE_SECONDS = 30;

    @Test
    void anAnswerThatDoesNotEndIsCutOff() {
        Body body = new Body();

        begins(body, request(Duration.ofMillis(1)));

        assertThatThrownBy(() -> body.done.get(PATIENCE_SECONDS, TimeUnit.SECONDS))
                .isInstanceOf(CancellationException.class);
    }

    /** A list of all pods may have megabytes. */
    @Test
    void anAnswerThatHasEndedIsNotKeptUntilTheTimeOut() throws InterruptedException {
        ReferenceQueue<Body> collected = new ReferenceQueue<>();
        WeakReference<Body> ended = endsInTime(collected);

        Object gone = null;
        for (int second = 0; second < PATIENCE_SECONDS && gone == null; second++) {
            System.gc();
            gone = collected.remove(1000);
        }
        assertThat(gone).isSameAs(ended);
    }

    @Test
    void aWatchHasNoTimeOut() {
        Body body = new Body();

        begins(body, request(Duration.ofMillis(1)).forStreaming());

        assertThat(body.done.getNumberOfDependents()).isZero();
    }

    private static WeakReference<Body> endsInTime(ReferenceQueue<Body> collected) {
        Body body = new Body();
        begins(body, request(Duration.ofHours(1)));
        body.done.complete(null);
        return new WeakReference<>(body, collected);
    }

    private static HttpRequest.Builder request(Duration timeout) {
        return new StandardHttpRequest.Builder()
                .uri("http://localhost/api/v1/pods")
                .timeout(timeout.toMillis(), TimeUnit.MILLISECONDS);
    }

    private static void begins(Body body, HttpRequest.Builder request) {
        new AnswerTimeout().after(request.build(), new Head(body), (buffers, asyncBody) -> {});
    }

    private static final class Body implements AsyncBody {
        final CompletableFuture<Void> done = new CompletableFuture<>();

        @Override
        public void consume() {}

        @Override
        public CompletableFuture<Void> done() {
            return done;
        }

        @Override
        public void cancel() {
            done.cancel(false);
        }
    }

    private record Head(AsyncBody body) implements HttpResponse<AsyncBody> {
        @Override
        public int code() {
            return 200;
        }

        @Override
        public HttpRequest request() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Optional<HttpResponse<?>> previousResponse() {
            return Optional.empty();
        }

        @Override
        public List<String> headers(String key) {
            return List.of();
        }

        @Override
        public Map<String, List<String>> headers() {
            return Map.of();
        }
    }
}
