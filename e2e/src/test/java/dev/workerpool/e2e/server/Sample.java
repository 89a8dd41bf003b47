package dev.workerpool.e2e.server;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.workerpool.api.WorkerPool;
import dev.workerpool.e2e.embedded.EmbeddedServer;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A pool in some phase with its status, records and pods, in YAML, as an operator left them:
 * {@code src/test/resources/upgrade/<phase>.yaml}. In a file it was left at {@link #EPOCH}; loaded, every time is as long
 * before now as it was before that, and so every deadline as far ahead. Sentences that name a time of day keep it.
 */
record Sample(String phase, String yaml) {
    private static final Path FILES = Path.of(System.getProperty("basedir", "."), "src/test/resources/upgrade");
    private static final Instant EPOCH = Instant.parse("2026-01-01T00:00:00Z");
    private static final Pattern TIME = Pattern.compile("(\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d)((\\.\\d+)?Z)");
    private static final String SEPARATOR = "---\n";
    private static final YAMLMapper YAML = YAMLMapper.builder()
            .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
            .disable(YAMLGenerator.Feature.SPLIT_LINES)
            .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
            .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
            .build();

    /** What is in the server now, with no operator at work. */
    static Sample of(String phase, KubernetesClient client) {
        List<HasMetadata> objects = new ArrayList<>();
        objects.addAll(
                client.resources(WorkerPool.class).inNamespace("default").list().getItems());
        objects.addAll(client.apps()
                .controllerRevisions()
                .inNamespace("default")
                .list()
                .getItems());
        objects.addAll(client.pods().inNamespace("default").list().getItems());
        objects.forEach(o -> o.getMetadata().setResourceVersion(null));
        String yaml = objects.stream().map(Sample::yaml).collect(Collectors.joining(SEPARATOR));
        for (int i = 0; i < objects.size(); i++) {
            // So that a sample that is written anew differs from the one before in little.
            String uid = objects.get(i).getMetadata().getUid();
            String plain = "%08d-0000-4000-8000-000000000000".formatted(i);
            yaml = yaml.replace(uid, plain).replace("-" + uid.substring(0, 8), "-" + plain.substring(0, 8));
        }
        String left = moved(yaml, EPOCH.getEpochSecond() - Instant.now().getEpochSecond() - 1);
        return new Sample(
                phase, "# A pool in the phase " + phase + ", as its operator left it at " + EPOCH + "\n" + left);
    }

    private static String yaml(HasMetadata object) {
        try {
            return YAML.writeValueAsString(Serialization.unmarshal(Serialization.asJson(object), Map.class));
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Sample read(String phase) {
        try {
            return new Sample(phase, Files.readString(FILES.resolve(phase + ".yaml")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void write() {
        try {
            Files.createDirectories(FILES);
            Files.writeString(FILES.resolve(phase + ".yaml"), yaml);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Puts it into a server; what the pool is then. */
    WorkerPool load(EmbeddedServer server) {
        String now = moved(yaml, Instant.now().getEpochSecond() - EPOCH.getEpochSecond());
        server.restore(now);
        return Serialization.unmarshal(now.substring(0, now.indexOf(SEPARATOR)), WorkerPool.class);
    }

    private static String moved(String yaml, long seconds) {
        return TIME.matcher(yaml).replaceAll(time -> Instant.parse(time.group(1) + "Z")
                .plusSeconds(seconds)
                .toString()
                .replace("Z", time.group(2)));
    }
}
