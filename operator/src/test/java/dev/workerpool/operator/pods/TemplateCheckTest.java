package dev.workerpool.operator.pods;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TemplateCheckTest {
    private static final String V1 = "version: '1.4.0'\n" + Pools.TEMPLATE;
    private static final String NO_PROBE = V1.replace("readinessProbe", "livenessProbe");

    @Test
    void aGoodTemplatePasses() {
        assertThat(check(V1)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"5, '', true", "6, '', false", "20, 20, true", "21, 20, false", "1, 0, false", "0, 0, true"})
    void theGracePeriodMustBeAboveTheDrainDelay(int grace, String delay, boolean refused) {
        String spec = V1.replace("volumes:", "terminationGracePeriodSeconds: " + grace + "\n    volumes:")
                + (delay.isEmpty() ? "" : "drain: {delaySeconds: " + delay + "}");

        assertThat(check(spec).isPresent()).isEqualTo(refused);
        check(spec).ifPresent(refusal -> {
            assertThat(refusal.reason()).isEqualTo("InvalidTemplate");
            assertThat(refusal.message())
                    .contains("spec.template.spec.terminationGracePeriodSeconds is " + grace)
                    .contains("spec.drain.delaySeconds");
        });
    }

    @Test
    void withoutAReadinessProbeNoStepCouldBeGated() {
        assertThat(check(NO_PROBE)).hasValueSatisfying(refusal -> {
            assertThat(refusal.reason()).isEqualTo("NoReadinessProbe");
            assertThat(refusal.message()).contains("spec.template.spec.containers", "add one");
        });
    }

    @Test
    void theProbeOfASidecarGatesToo() {
        String init = "initContainers:\n    - {name: proxy, image: p, POLICY readinessProbe: {exec: {command: [a]}}}\n";
        String sidecar = NO_PROBE.replace("volumes:", init + "    volumes:");

        assertThat(check(sidecar.replace("POLICY", "restartPolicy: Always,"))).isEmpty();
        assertThat(check(sidecar.replace("POLICY", ""))).isPresent();
    }

    @Test
    void aSpecOfWhichPartsAreMissingIsRefusedAndTheFieldNamed() {
        assertThat(check("version: '1'").orElseThrow().message()).contains("spec.template.spec");
        assertThat(check(Pools.TEMPLATE).orElseThrow().reason()).isEqualTo("InvalidTemplate");
    }

    private static Optional<TemplateCheck.Refusal> check(String spec) {
        return TemplateCheck.check(Pools.spec(spec));
    }
}
