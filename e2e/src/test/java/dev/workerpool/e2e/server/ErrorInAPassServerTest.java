package dev.workerpool.e2e.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A pass that ends with an {@link Error}, such as a stack that is too deep, ends no more than itself. */
class ErrorInAPassServerTest extends Stage {
    private final AtomicInteger thrown = new AtomicInteger();

    @Override
    KubernetesClient operatorClient() {
        return new KubernetesClientBuilder()
                .withConfig(server.client().getConfiguration())
                .withHttpClientBuilderConsumer(http -> http.addOrReplaceInterceptor("error", new Interceptor() {
                    @Override
                    public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
                        boolean makes = request.method().equals("POST")
                                && request.uri().getPath().endsWith("/pods");
                        if (makes && thrown.getAndIncrement() < 2) {
                            throw new StackOverflowError("too deep");
                        }
                    }
                }))
                .build();
    }

    @Test
    void thePoolIsLookedAtAgain() {
        create("{replicas: 1}");

        awaitUpToDate("v1");
        assertThat(thrown).hasValueGreaterThan(2);
    }
}
