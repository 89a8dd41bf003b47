package dev.workerpool.operator.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.BindException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ManagementServerTest {
    private final HttpClient client = HttpClient.newHttpClient();
    private Optional<String> dead = Optional.empty();
    private Optional<String> unready = Optional.empty();
    private ManagementServer server;

    @BeforeEach
    void start() throws IOException {
        server = new ManagementServer(0, () -> dead, () -> unready, () -> "workerpool_steps_total 1.0\n");
    }

    @AfterEach
    void stop() {
        server.close();
        client.close();
    }

    @Test
    void answersOkWhenNothingIsWrong() throws Exception {
        assertThat(get("/livez").statusCode()).isEqualTo(200);
        assertThat(get("/readyz").body()).isEqualTo("ok\n");
    }

    @Test
    void saysWhatIsWrongWith503() throws Exception {
        unready = Optional.of("The API server does not answer.");

        assertThat(get("/readyz").statusCode()).isEqualTo(503);
        assertThat(get("/readyz").body()).isEqualTo("The API server does not answer.\n");
        assertThat(get("/livez").statusCode()).isEqualTo(200);
    }

    @Test
    void servesTheSeriesInPrometheusFormat() throws Exception {
        HttpResponse<String> answer = get("/metrics");

        assertThat(answer.body()).isEqualTo("workerpool_steps_total 1.0\n");
        assertThat(answer.headers().firstValue("Content-Type"))
                .hasValueSatisfying(type -> assertThat(type).startsWith("text/plain; version=0.0.4"));
    }

    @Test
    void answersHeadWithoutABody() throws Exception {
        HttpResponse<String> answer =
                client.send(HttpRequest.newBuilder(uri("/livez")).HEAD().build(), HttpResponse.BodyHandlers.ofString());

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).isEmpty();
    }

    @Test
    void namesItsPathsOnAnyOther() throws Exception {
        assertThat(get("/").statusCode()).isEqualTo(404);
        assertThat(get("/").body()).contains("/livez", "/readyz", "/metrics");
    }

    @Test
    void refusesAPortThatIsTaken() {
        assertThatThrownBy(() -> new ManagementServer(server.port(), () -> dead, () -> unready, () -> ""))
                .isInstanceOf(BindException.class);
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return client.send(HttpRequest.newBuilder(uri(path)).build(), HttpResponse.BodyHandlers.ofString());
    }

    private URI uri(String path) {
        return URI.create("http://127.0.0.1:" + server.port() + path);
    }
}
