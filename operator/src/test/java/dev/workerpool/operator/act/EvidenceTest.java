package dev.workerpool.operator.act;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.operator.decide.State;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EvidenceTest {
    private static final String LOG = "/pods/web-1-1/log";
    private ScriptedServer server;

    @BeforeEach
    void start() throws IOException {
        server = new ScriptedServer();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void tellsTheLogOfTheContainerThatExitedAndNotOfTheOneStartedSince() {
        server.answer("GET", LOG, 200, "serving");
        server.answer("GET", LOG, 200, "the queue hung up");
        assertThat(log("{restartCount: 0, state: {terminated: {exitCode: 4}}}")).contains("the queue hung up");
        assertThat(server.requests().getLast()).contains("previous=true");
    }

    @Test
    void tellsTheLogOfTheContainerThatExitedWhenNoneWasStartedSince() {
        server.answer("GET", LOG, 200, "the queue hung up");
        server.answer("GET", LOG, 400, "{\"kind\":\"Status\",\"message\":\"previous terminated container not found\"}");
        assertThat(log("{restartCount: 0, state: {terminated: {exitCode: 4}}}")).contains("the queue hung up");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "unable to retrieve container logs for containerd://2fcd2d97",
                "failed to try resolving symlinks in path \"/var/log/pods/shop_web-1-1_7/web/0.log\": lstat: no such file",
                "failed to open log file \"/var/log/pods/shop_web-1-1_7/web/0.log\": open: no such file"
            })
    void takesTheKubeletsExcuseForNoLog(String excuse) {
        server.answer("GET", LOG, 200, "the queue hung up");
        server.answer("GET", LOG, 200, excuse);
        assertThat(log("{restartCount: 0, state: {terminated: {exitCode: 4}}}")).contains("the queue hung up");
    }

    @Test
    void asksForThePreviousLogOfAContainerThatRunsAgain() {
        server.answer("GET", LOG, 200, "the queue hung up");
        assertThat(log("{restartCount: 1, state: {running: {}}, lastState: {terminated: {exitCode: 4}}}"))
                .contains("the queue hung up");
        assertThat(server.requests()).hasSize(1);
        assertThat(server.requests().getFirst()).contains("previous=true");
    }

    @Test
    void tellsTheLastExitsLogWhenTheOneBeforeWasRemoved() {
        server.answer("GET", LOG, 200, "unable to retrieve container logs for containerd://2fcd2d97");
        server.answer("GET", LOG, 200, "the queue hung up");
        assertThat(log("{restartCount: 1, state: {running: {}}, lastState: {terminated: {exitCode: 4}}}"))
                .contains("the queue hung up");
        assertThat(server.requests().getFirst()).contains("previous=true");
        assertThat(server.requests().getLast()).doesNotContain("previous=true");
    }

    /** It was started again and has exited again, which the kubelet has yet to tell. */
    @Test
    void readsAgainWhileTheKubeletIsBetweenTwoInstances() {
        for (int i = 0; i < 2; i++) {
            server.answer("GET", LOG, 200, "unable to retrieve container logs for containerd://2fcd2d97");
            server.answer(
                    "GET", LOG, 400, "{\"kind\":\"Status\",\"message\":\"previous terminated container not found\"}");
        }
        server.answer("GET", LOG, 200, "the queue hung up");
        assertThat(log("{restartCount: 0, state: {terminated: {exitCode: 4}}}")).contains("the queue hung up");
    }

    @Test
    void givesUpWhenTheLogIsGoneForGood() {
        server.answer(
                "GET", LOG, 200, "failed to open log file \"/var/log/pods/shop_web-1-1_7/web/0.log\": no such file");
        assertThat(log("{restartCount: 0, state: {terminated: {exitCode: 4}}}")).isEmpty();
        assertThat(server.requests()).hasSize(8);
    }

    @Test
    void doesNotReadAgainWhatSaidNothing() {
        server.answer("GET", LOG, 200, "");
        server.answer("GET", LOG, 400, "{\"kind\":\"Status\",\"message\":\"previous terminated container not found\"}");
        assertThat(log("{restartCount: 0, state: {terminated: {exitCode: 4}}}")).isEmpty();
        assertThat(server.requests()).hasSize(2);
    }

    @Test
    void tellsTheLogOfAWorkerThatIsReadyToo() {
        server.answer("GET", LOG, 200, "the self-test failed");
        assertThat(log("{restartCount: 0, ready: true, state: {running: {}}}")).contains("the self-test failed");
    }

    private Optional<String> log(String container) {
        Pod pod =
                Serialization.unmarshal("""
                metadata: {name: web-1-1, namespace: shop}
                status:
                  containerStatuses:
                  - %s
                """.formatted(container.replace("{restart", "{name: web, restart")), Pod.class);
        State.Failure failure = new State.Failure(
                "2.0.0", "r2", "web-1-1", "Failed", "it failed", Optional.empty(), Optional.empty(), Instant.EPOCH);
        return new Evidence(server.client()).complete(failure, List.of(pod)).log();
    }
}
