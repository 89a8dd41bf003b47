package dev.workerpool.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Tests of the operator's jar, each class with a process of its own that works on its namespace. */
abstract class ClusterTest extends NamespaceTest {
    OperatorProcess operator;

    @BeforeAll
    final void startOperator() {
        operator = OperatorProcess.start(namespace);
    }

    @AfterAll
    final void endOperator() {
        try (OperatorProcess ends = operator) {
            if (ends != null && ends.isAlive()) {
                assertThat(ends.violations()).isEmpty();
            }
        }
    }

    @Override
    protected String operatorLog() {
        return operator.log();
    }

    /** The operator's writes in this namespace so far, if there is an audit log. */
    List<String> writes() {
        return writes(namespace);
    }

    /** Of its writes, refused ones too, how many are not events. */
    long writesButEvents() {
        return writes().stream()
                .filter(l -> !l.contains("\"resource\":\"events\""))
                .count();
    }

    /** Its writes in any namespace, refused ones too. */
    static List<String> writes(String namespace) {
        if (AUDIT_LOG.isEmpty()) {
            return List.of();
        }
        try (Stream<String> lines = Files.lines(AUDIT_LOG.get())) {
            return lines.filter(l -> l.contains("\"userAgent\":\"workerpool-operator/"))
                    .filter(l -> l.contains("\"namespace\":\"" + namespace + "\""))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
