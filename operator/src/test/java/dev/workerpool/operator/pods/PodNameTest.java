package dev.workerpool.operator.pods;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PodNameTest {
    @Test
    void readsBackWhatItWrote() {
        PodName name = new PodName("web-2", 12, 0);

        assertThat(name).hasToString("web-2-12-0");
        assertThat(PodName.parse("web-2", "web-2-12-0")).contains(name);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "web",
                "web-",
                "web-1",
                "web-1-",
                "web--1",
                "web-0-1",
                "web-01-0",
                "web-1-00",
                "web-2-1-0",
                "webs-1-0",
                "web-1-x",
                "web-9999999999-0",
                "other-1-0",
                "web-1-0-0",
                "web-+1-0"
            })
    void readsNoNameThatAWorkerOfThePoolWouldNotHave(String other) {
        assertThat(PodName.parse("web", other)).isEmpty();
    }

    @Test
    void theLongestNameOfAPoolFitsAPod() {
        assertThat(new PodName("p".repeat(50), 999_999, 999_999).format()).hasSizeLessThanOrEqualTo(253);
    }
}
