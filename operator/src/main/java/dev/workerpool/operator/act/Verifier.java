package dev.workerpool.operator.act;

import dev.workerpool.api.WorkerPoolSpec;
import dev.workerpool.operator.decide.Worker.Check;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Asks a new worker whether it is healthy, by HTTP, as the kubelet's probe does (contract, section 1, verification). */
final class Verifier {
    private static final Duration LONGEST = Duration.ofSeconds(5);

    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(LONGEST)
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();
    private final Clock clock;

    Verifier(Clock clock) {
        this.clock = clock;
    }

    /** @param failures before this time */
    record Question(Pod pod, int failures) {}

    /** Asks each once, all at the same time, since one that hangs is to hold up no other; the answers by UID. */
    Map<String, Check> ask(WorkerPoolSpec.Verification how, List<Question> questions) {
        Map<String, Future<Check>> answers = new HashMap<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            questions.forEach(q -> answers.put(q.pod().getMetadata().getUid(), threads.submit(() -> answer(how, q))));
        } // which waits for all of them
        return answers.entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, a -> a.getValue().resultNow()));
    }

    private Check answer(WorkerPoolSpec.Verification how, Question question) {
        String problem = problem(how, question.pod());
        boolean passed = problem.isEmpty();
        return new Check(passed, question.failures() + (passed ? 0 : 1), Optional.of(clock.instant()), problem);
    }

    /** Empty if it is healthy. */
    private String problem(WorkerPoolSpec.Verification how, Pod pod) {
        Optional<Integer> port = port(pod, how.port());
        String ip = pod.getStatus() == null ? null : pod.getStatus().getPodIP();
        if (port.isEmpty()) {
            return "no container has a port named " + how.port().getStrVal()
                    + ", which spec.rollout.verification.port asks for";
        }
        if (ip == null || ip.isEmpty()) {
            return "it has no address yet";
        }
        int period = how.periodSeconds() == null ? 1 : how.periodSeconds();
        Duration timeout = Duration.ofSeconds(Math.clamp(period, 1, LONGEST.toSeconds()));
        String where = "GET " + how.path() + " on port " + port.get();
        try {
            URI uri = uri(ip, port.get(), Objects.requireNonNullElse(how.path(), "/"));
            HttpRequest request = HttpRequest.newBuilder(uri).timeout(timeout).build();
            HttpResponse<InputStream> answer = http.send(request, HttpResponse.BodyHandlers.ofInputStream());
            answer.body().close();
            return answer.statusCode() >= 200 && answer.statusCode() < 400
                    ? ""
                    : where + " answered " + answer.statusCode();
        } catch (HttpTimeoutException e) {
            return where + " was not answered within " + timeout.toSeconds() + " s";
        } catch (ConnectException e) {
            return where + " failed: nothing accepts connections there";
        } catch (IOException e) {
            // Not in its own words: they can quote an answer that whoever reads status could not ask for.
            return where + " failed: the connection broke, or what answered does not speak HTTP";
        } catch (URISyntaxException | IllegalArgumentException e) {
            return where + " failed: " + ApiError.oneLine(String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return where + " was interrupted";
        }
    }

    private static URI uri(String ip, int port, String path) throws URISyntaxException {
        String host = ip.contains(":") ? "[" + ip + "]" : ip;
        return new URI("http://" + host + ":" + port + (path.startsWith("/") ? path : "/" + path));
    }

    /** A number, or the port of that name; init containers count, since those that are restarted are sidecars. */
    private static Optional<Integer> port(Pod pod, IntOrString asked) {
        if (asked.getIntVal() != null) {
            return Optional.of(asked.getIntVal());
        }
        return Stream.concat(pod.getSpec().getContainers().stream(), pod.getSpec().getInitContainers().stream())
                .flatMap(c -> c.getPorts().stream())
                .filter(p -> asked.getStrVal().equals(p.getName()))
                .map(ContainerPort::getContainerPort)
                .findFirst();
    }
}
