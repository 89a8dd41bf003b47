package dev.workerpool.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.FieldValidateable.Validation;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What a real API server says of good and bad pools (contract, section 1): server-side dry runs with strict validation,
 * in a namespace of its own. The CRD is applied, and stays.
 */
class CrdE2E {
    private static final String GOOD = """
            apiVersion: workerpool.dev/v1alpha1
            kind: WorkerPool
            metadata: {name: web}
            spec:
              version: 1.4.0
              template:
                metadata: {labels: {app: web}, annotations: {team: a}}
                spec:
                  containers:
                  - name: web
                    image: example.com/web:$(APP_VERSION)
                    ports: [{name: http, containerPort: 8000}]
                    readinessProbe: {httpGet: {path: /ready, port: http}}
                    resources: {limits: {memory: 64Mi, cpu: 0.5}, requests: {memory: 34359738368}}
            """;
    private static final String SURGE =
            "spec.rollout.maxSurge must be a number of workers of 1 or more, or a percentage";
    private static final String BELOW_1 = " in body should be greater than or equal to 1";
    private static final String BELOW_0 = " in body should be greater than or equal to 0";

    private static KubernetesClient client;
    private static String namespace;

    @BeforeAll
    static void makeNamespace() throws IOException {
        client = PatientClient.create();
        namespace = "crd-" + UUID.randomUUID().toString().substring(0, 8);
        Crd.applyOnce(client);
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(namespace)
                        .endMetadata()
                        .build())
                .create();
    }

    @AfterAll
    static void deleteNamespace() {
        client.namespaces().withName(namespace).delete();
        client.close();
    }

    static Stream<Arguments> bad() {
        return Stream.of(
                arguments("spec: null", "spec: Required value"),
                arguments("spec: {version: null}", "spec.version: Required value"),
                arguments("spec: {template: null}", "spec.template: Required value"),
                arguments("spec: {version: 1.4.0+build7}", "write '_' in its place"),
                arguments("spec: {version: -1.4.0}", "spec.version must be a label value"),
                arguments("spec: {version: ''}", "spec.version must be a label value"),
                arguments("spec: {version: 1/4}", "spec.version must be a label value"),
                arguments("spec: {version: %s}".formatted("v".repeat(64)), "spec.version: Too long"),
                arguments("spec: {replicas: -1}", "spec.replicas" + BELOW_0),
                arguments("spec: {replicas: 2147483648}", "spec.replicas"),
                arguments("spec: {revisionHistoryLimit: -1}", "spec.revisionHistoryLimit" + BELOW_0),
                arguments("spec: {rolloutHistoryLimit: -1}", "spec.rolloutHistoryLimit" + BELOW_0),
                arguments("spec: {rolloutHistoryLimit: 101}", "spec.rolloutHistoryLimit"),
                arguments("spec: {rollout: {maxSurge: 0}}", SURGE),
                arguments("spec: {rollout: {maxSurge: -1}}", SURGE),
                arguments("spec: {rollout: {maxSurge: 0%}}", SURGE),
                arguments("spec: {rollout: {maxSurge: 00%}}", SURGE),
                arguments("spec: {rollout: {maxSurge: -5%}}", SURGE),
                arguments("spec: {rollout: {maxSurge: '2'}}", SURGE),
                arguments("spec: {rollout: {maxSurge: many}}", SURGE),
                arguments("spec: {rollout: {maxSurge: ''}}", SURGE),
                arguments("spec: {rollout: {maxSurge: 4294967296}}", SURGE),
                arguments("spec: {rollout: {minReadySeconds: -1}}", "spec.rollout.minReadySeconds" + BELOW_0),
                arguments(
                        "spec: {rollout: {minReadySeconds: 600}}",
                        "spec.rollout.minReadySeconds must be below spec.rollout.progressDeadlineSeconds"),
                arguments(
                        "spec: {rollout: {minReadySeconds: 20, progressDeadlineSeconds: 20}}",
                        "spec.rollout.minReadySeconds must be below spec.rollout.progressDeadlineSeconds"),
                arguments("spec: {rollout: {readyTimeoutSeconds: 0}}", "spec.rollout.readyTimeoutSeconds" + BELOW_1),
                arguments(
                        "spec: {rollout: {progressDeadlineSeconds: 0}}",
                        "spec.rollout.progressDeadlineSeconds" + BELOW_1),
                arguments("spec: {rollout: {pauseSeconds: -1}}", "spec.rollout.pauseSeconds" + BELOW_0),
                arguments("spec: {rollout: {retryLimit: -1}}", "spec.rollout.retryLimit" + BELOW_0),
                arguments("spec: {rollout: {onFailure: Panic}}", "spec.rollout.onFailure: Unsupported value"),
                arguments(
                        "spec: {rollout: {podReplacementPolicy: Never}}",
                        "spec.rollout.podReplacementPolicy: Unsupported value"),
                arguments(
                        "spec: {rollout: {verification: {path: /ready}}}",
                        "spec.rollout.verification.port: Required value"),
                arguments(
                        "spec: {rollout: {verification: {port: 8000}}}",
                        "spec.rollout.verification.path: Required value"),
                arguments(
                        "spec: {rollout: {verification: {path: ready, port: 8000}}}",
                        "spec.rollout.verification.path must begin with '/'"),
                arguments(
                        "spec: {rollout: {verification: {path: /ready, port: 0}}}",
                        "spec.rollout.verification.port must be"),
                arguments(
                        "spec: {rollout: {verification: {path: /ready, port: 65536}}}",
                        "spec.rollout.verification.port must be"),
                arguments(
                        "spec: {rollout: {verification: {path: /ready, port: HTTP}}}",
                        "spec.rollout.verification.port must be"),
                arguments(
                        "spec: {rollout: {verification: {path: /ready, port: 8000, attempts: 0}}}",
                        "spec.rollout.verification.attempts" + BELOW_1),
                arguments(
                        "spec: {rollout: {verification: {path: /ready, port: 8000, periodSeconds: 0}}}",
                        "spec.rollout.verification.periodSeconds" + BELOW_1),
                arguments("spec: {drain: {delaySeconds: -1}}", "spec.drain.delaySeconds" + BELOW_0),
                arguments("spec: {drain: {timeoutSeconds: 0}}", "spec.drain.timeoutSeconds" + BELOW_1),
                arguments("spec: {circuitBreaker: {failureThreshold: 0}}", "circuitBreaker.failureThreshold" + BELOW_1),
                arguments(
                        "spec: {circuitBreaker: {resetTimeoutSeconds: 0}}",
                        "circuitBreaker.resetTimeoutSeconds" + BELOW_1),
                arguments("spec: {template: {spec: null}}", "spec.template.spec: Required value"),
                arguments(
                        "spec: {template: {spec: {containers: null}}}",
                        "spec.template.spec.containers: Required value"),
                arguments("spec: {template: {spec: {containers: []}}}", "spec.template.spec.containers"),
                arguments("spec: {template: {spec: {containers: [{image: a}]}}}", "containers[0].name: Required value"),
                arguments("spec: {template: {spec: {containers: [{name: a}, {name: a}]}}}", "Duplicate value"),
                arguments(
                        "spec: {template: {spec: {restartPolicy: Never}}}",
                        "spec.template.spec.restartPolicy must be Always"),
                arguments(
                        "spec: {template: {spec: {activeDeadlineSeconds: 60}}}",
                        "spec.template.spec.activeDeadlineSeconds must be absent"),
                arguments(
                        "spec: {template: {metadata: {labels: {workerpool.dev/pool: other}}}}",
                        "spec.template.metadata.labels must have none under workerpool.dev/"),
                arguments(
                        "spec: {template: {metadata: {annotations: {workerpool.dev/mine: x}}}}",
                        "spec.template.metadata.annotations must have none under workerpool.dev/"),
                arguments(
                        "spec: {template: {spec: {containers: [{name: a, resources: {limits: {cpu: {a: b}}}}]}}}",
                        "spec.template.spec.containers[0].resources.limits.cpu"),
                arguments(
                        "spec: {template: {spec: {containers: [{name: a, resources: {limits: {cpu: [1]}}}]}}}",
                        "spec.template.spec.containers[0].resources.limits.cpu"),
                arguments("metadata: {name: a.b}", "metadata.name must be 1 to 50 lower case letters"),
                arguments("metadata: {name: %s}".formatted("n".repeat(51)), "metadata.name must be 1 to 50 lower case"),
                arguments("spec: {replica: 3}", "unknown field \"spec.replica\""),
                arguments("spec: {rollout: {maxUnavailable: 1}}", "unknown field \"spec.rollout.maxUnavailable\""),
                arguments(
                        "spec: {template: {spec: {container: []}}}", "unknown field \"spec.template.spec.container\""),
                arguments(
                        "spec: {template: {metadata: {label: {a: b}}}}",
                        "unknown field \"spec.template.metadata.label\""));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("bad")
    void refusesAndNamesTheField(String change, String message) {
        assertThatThrownBy(() -> apply(change))
                .asInstanceOf(type(KubernetesClientException.class))
                .extracting(refusal -> refusal.getStatus().getMessage())
                .asString()
                .contains(message);
    }

    static Stream<String> good() {
        return Stream.of(
                "spec: {version: 1.4.0_build7}",
                "spec: {version: %s}".formatted("v".repeat(63)),
                "spec: {replicas: 0}",
                "spec: {paused: true, restartedAt: any text}",
                "spec: {rollout: {maxSurge: 3}}",
                "spec: {rollout: {maxSurge: 25%}}",
                "spec: {rollout: {maxSurge: 150%}}",
                "spec: {rollout: {minReadySeconds: 700, progressDeadlineSeconds: 701}}",
                "spec: {rollout: {verification: {path: /ready, port: http}}}",
                "spec: {rollout: {verification: {path: '/ready?deep=1', port: 65535}, onFailure: Pause}}",
                "spec: {drain: {delaySeconds: 0}, rolloutHistoryLimit: 0, revisionHistoryLimit: 0}",
                "spec: {template: {spec: {restartPolicy: Always}}}",
                "spec: {template: {metadata: {labels: {example.com/workerpool.dev: x}}}}",
                "metadata: {name: %s}".formatted("n".repeat(50)),
                "metadata: {name: 1-a}");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("good")
    void takes(String change) {
        assertThat(apply(change).getMetadata().getUid()).isNotEmpty();
    }

    @Test
    void fillsInTheDefaults() {
        Map<String, Object> expected = map("""
                replicas: 1
                paused: false
                rollout:
                  maxSurge: 1
                  minReadySeconds: 0
                  progressDeadlineSeconds: 600
                  pauseSeconds: 1
                  podReplacementPolicy: TerminationComplete
                  onFailure: Rollback
                  retryLimit: 0
                drain: {delaySeconds: 5, timeoutSeconds: 30}
                circuitBreaker: {failureThreshold: 3, resetTimeoutSeconds: 60}
                revisionHistoryLimit: 10
                rolloutHistoryLimit: 100
                """);
        Map<String, Object> spec = apply("{}").get("spec");
        assertThat(spec).containsAllEntriesOf(expected);
        assertThat(spec)
                .containsOnlyKeys(Stream.concat(expected.keySet().stream(), Stream.of("version", "template"))
                        .toList());
    }

    @Test
    void takesTheTimesThatTheOperatorWrites() {
        client.resource(merged("metadata: {name: stored}\nspec: {replicas: 0}"))
                .inNamespace(namespace)
                .create();
        // A patch, and none that is stored, since an operator may run here and write the status, too.
        GenericKubernetesResource patched = client.genericKubernetesResources("workerpool.dev/v1alpha1", "WorkerPool")
                .inNamespace(namespace)
                .withName("stored")
                .dryRun()
                .subresource("status")
                .patch(PatchContext.of(PatchType.JSON_MERGE), """
                        status:
                          fillStartedAt: "2026-11-01T10:00:00.123Z"
                          history: [{startedAt: "2026-11-01T10:00:00.123Z", durationSeconds: 1.5, result: Succeeded}]
                          conditions:
                          - {type: Ready, status: "True", reason: UpToDate, lastTransitionTime: "2026-11-01T10:00:00Z"}
                        """);
        assertThat(patched.<String>get("status", "fillStartedAt")).isEqualTo("2026-11-01T10:00:00.123Z");
    }

    private static GenericKubernetesResource apply(String change) {
        return client.resource(merged(change))
                .inNamespace(namespace)
                .dryRun()
                .fieldValidation(Validation.STRICT)
                .create();
    }

    /** The good pool with a change, given as a JSON merge patch in YAML. */
    private static GenericKubernetesResource merged(String change) {
        Object merged = merge(map(GOOD), map(change));
        return Serialization.unmarshal(Serialization.asYaml(merged), GenericKubernetesResource.class);
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(String yaml) {
        return Serialization.unmarshal(yaml, Map.class);
    }

    private static Object merge(Object base, Object patch) {
        if (!(patch instanceof Map<?, ?> changes)) {
            return patch;
        }
        Map<Object, Object> result = base instanceof Map<?, ?> map ? new LinkedHashMap<>(map) : new LinkedHashMap<>();
        changes.forEach((key, value) -> {
            if (value == null) {
                result.remove(key);
            } else {
                result.put(key, merge(result.get(key), value));
            }
        });
        return result;
    }
}
