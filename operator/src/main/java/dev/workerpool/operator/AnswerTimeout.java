package dev.workerpool.operator;

import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.fabric8.kubernetes.client.http.StandardHttpRequest;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A request's time-out holds for the body of its answer too. The JDK's client asks for the head in time, and then waits
 * without end: one connection that stalls in the middle of an answer would stop a pool for good.
 */
final class AnswerTimeout implements Interceptor {

    @Override
    public void after(HttpRequest request, HttpResponse<?> response, AsyncBody.Consumer<List<ByteBuffer>> consumer) {
        if (request instanceof StandardHttpRequest asked
                && !asked.isForStreaming() // a watch
                && asked.getTimeout() != null
                && asked.getTimeout().isPositive()
                && response.body() instanceof AsyncBody body) {
            // Of an answer that has ended nothing is kept until then: lists of pods are large.
            body.done()
                    .copy()
                    .orTimeout(asked.getTimeout().toMillis(), TimeUnit.MILLISECONDS)
                    .whenComplete((ended, failure) -> {
                        if (failure instanceof TimeoutException) {
                            body.cancel();
                        }
                    });
        }
    }
}
