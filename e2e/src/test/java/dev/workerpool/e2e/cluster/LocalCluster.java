package dev.workerpool.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** The cluster of e2e/cluster on this machine, whose components can be taken away. */
record LocalCluster(Path directory) {

    /** That cluster; on any other one the test is skipped, for the reason given. */
    static LocalCluster assumed(String because) {
        Optional<Path> directory = Optional.ofNullable(System.getenv("KUBECONFIG"))
                .map(Path::of)
                .map(Path::toAbsolutePath)
                .map(Path::getParent)
                .filter(d -> Files.exists(d.resolve(".workerpool-cluster")));
        if (directory.isEmpty()) {
            System.out.println("skipped, for this is not the cluster of e2e/cluster: " + because);
        }
        Assumptions.assumeTrue(directory.isPresent(), "not the cluster of e2e/cluster: " + because);
        return new LocalCluster(directory.orElseThrow());
    }

    /** {@code e2e/cluster/component WHAT NAME}; returns when that is done. */
    void component(String what, String name) throws IOException, InterruptedException {
        Path script = Path.of(System.getProperty("basedir", "."), "cluster/component");
        ProcessBuilder builder = new ProcessBuilder(script.toString(), what, name);
        builder.environment().put("WORKERPOOL_CLUSTER_DIR", directory.toString());
        Path log = Files.createTempFile("workerpool-component-", ".log");
        try {
            // To a file: what it starts keeps no pipe of ours open.
            Process process = builder.redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            assertThat(process.waitFor(90, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue())
                    .as("component %s %s: %s", what, name, Files.readString(log, StandardCharsets.UTF_8))
                    .isZero();
        } finally {
            Files.delete(log);
        }
    }
}
