package dev.workerpool.e2e.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.luaj.vm2.Globals;
import org.luaj.vm2.LoadState;
import org.luaj.vm2.LuaTable;
import org.luaj.vm2.LuaValue;
import org.luaj.vm2.compiler.LuaC;
import org.luaj.vm2.lib.BaseLib;
import org.luaj.vm2.lib.PackageLib;
import org.luaj.vm2.lib.TableLib;

/** {@code deploy/argocd/health.yaml}, run by a Lua interpreter with the libraries that Argo CD gives such a script. */
class ArgoHealthTest {
    private static final Path POOLS = Path.of(System.getProperty("basedir", "."), "src/test/resources/upgrade");

    /** Pools as the operator left them, one in each phase. */
    @Test
    void eachPhase() throws IOException {
        Map<String, String> health;
        try (Stream<Path> files = Files.list(POOLS)) {
            health = files.collect(Collectors.toMap(
                    file -> file.getFileName().toString().replace(".yaml", ""),
                    file -> health(pool(file)).get("status").tojstring(),
                    (one, other) -> one,
                    TreeMap::new));
        }
        assertThat(health)
                .containsExactlyInAnyOrderEntriesOf(Map.ofEntries(
                        Map.entry("breaker-open", "Degraded"),
                        Map.entry("fill-failed", "Degraded"),
                        Map.entry("filling", "Progressing"),
                        Map.entry("half-open", "Degraded"), // nothing new is asked for
                        Map.entry("paused", "Suspended"),
                        Map.entry("refused", "Degraded"),
                        Map.entry("retry-pending", "Progressing"),
                        Map.entry("rollback-failed", "Degraded"),
                        Map.entry("rolled-back", "Degraded"),
                        Map.entry("rolling-back", "Progressing"),
                        Map.entry("rolling-out", "Progressing"),
                        Map.entry("rollout-failed", "Degraded"),
                        Map.entry("scaled-to-zero", "Healthy"),
                        Map.entry("soaking", "Progressing"),
                        Map.entry("trial", "Progressing"),
                        Map.entry("up-to-date", "Healthy"),
                        Map.entry("way-back", "Progressing")));
    }

    @Test
    void saysWhatTheConditionReadySays() {
        JsonNode pool = pool(POOLS.resolve("rolled-back.yaml"));
        String ready = pool.at("/status/conditions")
                .valueStream()
                .filter(condition -> condition.path("type").asText().equals("Ready"))
                .map(condition -> condition.path("message").asText())
                .findFirst()
                .orElseThrow();

        assertThat(health(pool).get("message").tojstring()).isEqualTo(ready).contains("v2-crash failed");
    }

    @Test
    void aSpecThatTheOperatorHasNotLookedAt() {
        ObjectNode edited = (ObjectNode) pool(POOLS.resolve("up-to-date.yaml"));
        ((ObjectNode) edited.get("metadata"))
                .put("generation", edited.at("/metadata/generation").asInt() + 1);
        ObjectNode fresh = edited.deepCopy();
        fresh.remove("status");

        for (JsonNode pool : new JsonNode[] {edited, fresh}) {
            assertThat(health(pool).get("status").tojstring()).isEqualTo("Progressing");
            assertThat(health(pool).get("message").tojstring()).contains("has not looked at this spec yet");
        }
    }

    private static JsonNode pool(Path sample) {
        try {
            return Manifests.objects(Files.readString(sample)).get(0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static LuaValue health(JsonNode pool) {
        String script = Manifests.object("argocd/health.yaml")
                .at("/data/resource.customizations.health.workerpool.dev_WorkerPool")
                .asText();
        assertThat(script).isNotEmpty();
        Globals lua = new Globals();
        lua.load(new BaseLib());
        lua.load(new PackageLib());
        lua.load(new TableLib());
        LoadState.install(lua);
        LuaC.install(lua);
        lua.set("obj", lua(pool));
        return lua.load(script).call();
    }

    private static LuaValue lua(JsonNode value) {
        return switch (value.getNodeType()) {
            case OBJECT -> {
                LuaTable table = new LuaTable();
                value.properties().forEach(field -> table.set(field.getKey(), lua(field.getValue())));
                yield table;
            }
            case ARRAY ->
                LuaValue.listOf(value.valueStream().map(ArgoHealthTest::lua).toArray(LuaValue[]::new));
            case NUMBER -> LuaValue.valueOf(value.asDouble());
            case BOOLEAN -> LuaValue.valueOf(value.asBoolean());
            case NULL -> LuaValue.NIL;
            default -> LuaValue.valueOf(value.asText());
        };
    }
}
