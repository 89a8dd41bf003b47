package dev.workerpool.operator.pods;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.operator.decide.PodFacts;
import dev.workerpool.operator.decide.PodFacts.Problem;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Containers that ended (contract, section 4, first row), as the kubelet reports them from one restart to the next. */
class ContainerExitTest {
    private static final String SPEC = """
            metadata: {name: web-1-0}
            spec:
              initContainers:
              - {name: migrate, image: m}
              - {name: proxy, image: p, restartPolicy: Always}
              containers:
              - {name: app, image: registry.example/web:2}
            """;
    private static final String APP = "status:\n  containerStatuses:\n  - name: app\n    ";
    private static final String INIT = "status:\n  initContainerStatuses:\n  - name: migrate\n    ";
    private static final String SIDECAR = "status:\n  initContainerStatuses:\n  - name: proxy\n    ";

    @Test
    void aCrashLoopCountsEveryExitOnceOnItsWay() {
        String exit =
                "{terminated: {exitCode: 3, reason: Error, finishedAt: '2026-11-24T00:00:00Z', message: 'no db'}}";
        String running = "state: {running: {}}\n    lastState: " + exit;
        String backOff = "state: " + waiting("CrashLoopBackOff", "back-off 10s") + "\n    lastState: " + exit;
        String restarting = "state: {waiting: {}}\n    lastState: " + exit;

        assertThat(facts(APP + "restartCount: 0\n    state: " + exit).exits()).isEqualTo(1);
        assertThat(facts(APP + "restartCount: 1\n    " + restarting).exits()).isEqualTo(1);
        assertThat(facts(APP + "restartCount: 1\n    " + running).exits()).isEqualTo(1);
        assertThat(facts(APP + "restartCount: 1\n    state: " + exit).exits()).isEqualTo(2);
        assertThat(facts(APP + "restartCount: 1\n    " + backOff).exits()).isEqualTo(2);
        assertThat(facts(APP + "restartCount: 1\n    " + backOff).crash())
                .contains(new Problem(
                        "ContainerExited",
                        "container app exited with code 3, restarted 1 time: no db",
                        Optional.of(3)));
    }

    @Test
    void anAppThatEndsWithCodeZeroHasExitedToo() {
        PodFacts facts = facts(APP + "restartCount: 0\n    state: {terminated: {exitCode: 0, reason: Completed}}");

        assertThat(facts.exits()).isEqualTo(1);
        assertThat(facts.crash())
                .contains(new Problem("ContainerExited", "container app exited with code 0", Optional.of(0)));
    }

    @Test
    void aContainerKilledForItsMemoryIsToldSo() {
        PodFacts facts = facts(APP + "restartCount: 0\n    state: {terminated: {exitCode: 137, reason: OOMKilled}}");

        assertThat(facts.crash())
                .contains(new Problem(
                        "OOMKilled",
                        "container app was killed for using more memory than its limit (exit code 137)",
                        Optional.of(137)));
    }

    @Test
    void theNewestExitOfSeveralContainersIsTold() {
        String two = SPEC + "  - {name: log, image: l}\n" + APP
                + "restartCount: 2\n    state: {running: {}}\n"
                + "    lastState: {terminated: {exitCode: 1, reason: Error, finishedAt: '2026-11-24T00:00:05Z'}}\n"
                + "  - name: log\n    restartCount: 1\n    state: {running: {}}\n"
                + "    lastState: {terminated: {exitCode: 2, reason: Error, finishedAt: '2026-11-24T00:00:09Z'}}\n";
        PodFacts facts = PodReading.facts("web", pod(two)).orElseThrow();

        assertThat(facts.exits()).isEqualTo(3);
        assertThat(facts.crash().orElseThrow().exitCode()).contains(2);
    }

    @Test
    void aRestartWhoseExitNobodyKeptIsAnExit() {
        PodFacts facts = facts(APP + "restartCount: 1\n    state: {running: {}}");

        assertThat(facts.exits()).isEqualTo(1);
        assertThat(facts.crash().orElseThrow().message()).isEqualTo("container app was restarted");
    }

    @Test
    void aFailedInitContainerIsAFaultUntilItRunsAgainAndAnExitFromThenOn() {
        String exit = "{terminated: {exitCode: 4, reason: Error, message: 'no table'}}";
        PodFacts failed = facts(INIT + "restartCount: 0\n    state: " + exit);
        PodFacts backOff = facts(INIT + "restartCount: 1\n    state: " + waiting("CrashLoopBackOff", "back-off 10s")
                + "\n    lastState: " + exit);
        PodFacts mended = facts(INIT + "restartCount: 1\n    state: {terminated: {exitCode: 0, reason: Completed}}"
                + "\n    lastState: " + exit);

        assertThat(failed.fault())
                .contains(new Problem(
                        "ContainerExited", "init container migrate exited with code 4: no table", Optional.of(4)));
        assertThat(failed.exits()).isEqualTo(1);
        assertThat(backOff.fault()).isPresent();
        assertThat(backOff.exits()).isEqualTo(2);
        assertThat(mended.fault()).isEmpty();
        assertThat(mended.exits()).as("it did exit, though").isEqualTo(1);
    }

    @Test
    void anInitContainerThatIsDoneIsNoExit() {
        PodFacts facts = facts(INIT + "restartCount: 0\n    state: {terminated: {exitCode: 0, reason: Completed}}");

        assertThat(facts.exits()).isZero();
        assertThat(facts.fault()).isEmpty();
    }

    @Test
    void aSidecarMayEndWithCodeZeroAndNoOther() {
        String restarted = "restartCount: 1\n    state: {running: {}}\n    lastState: {terminated: {exitCode: CODE}}";
        PodFacts good = facts(SIDECAR + restarted.replace("CODE", "0"));
        PodFacts bad = facts(SIDECAR + restarted.replace("CODE", "9"));

        assertThat(good.exits()).isZero();
        assertThat(bad.exits()).isEqualTo(1);
        assertThat(bad.crash().orElseThrow().message()).isEqualTo("sidecar proxy exited with code 9, restarted 1 time");
        assertThat(bad.fault()).as("it runs again").isEmpty();
    }

    @Test
    void whatAContainerSaysIsOnePrintableLineOfBoundedLength() {
        String noise = "\\e[31mboom\\n\\ttrace\\u202e" + "x".repeat(5000);
        PodFacts facts = facts(APP + "restartCount: 0\n    state: {terminated: {exitCode: 1, reason: Error, message: \""
                + noise + "\"}}");
        String message = facts.crash().orElseThrow().message();

        assertThat(message)
                .startsWith("container app exited with code 1: [31mboom trace x")
                .hasSize(256);
        assertThat(OneLine.of("x".repeat(254) + "\uD83D\uDE00yy")).isEqualTo("x".repeat(254) + "…");
        assertThat(OneLine.of("x".repeat(98) + "\uD83D\uDE00yy", 100)).isEqualTo("x".repeat(98) + "…");
        assertThat(OneLine.of(null)).isEmpty();
    }

    private static String waiting(String reason, String message) {
        return "{waiting: {reason: " + reason + ", message: '" + message.replace("'", "''") + "'}}";
    }

    private static PodFacts facts(String status) {
        return PodReading.facts("web", pod(SPEC + status)).orElseThrow();
    }

    private static Pod pod(String yaml) {
        return Serialization.unmarshal(yaml, Pod.class);
    }
}
