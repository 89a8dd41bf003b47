package dev.workerpool.operator.pods;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.operator.decide.PodFacts;
import io.fabric8.kubernetes.api.model.ContainerStateBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Texts as containerd and CRI-O write them and the kubelet passes them on. */
class ImagePullTest {
    private static final String IMAGE = "registry.example/shop/web:404";
    private static final String CONTAINERD =
            "failed to pull and unpack image \"" + IMAGE + "\": failed to resolve reference \"" + IMAGE + "\": ";

    @ParameterizedTest
    @ValueSource(
            strings = {
                "rpc error: code = NotFound desc = " + CONTAINERD + IMAGE + ": not found",
                CONTAINERD
                        + "pull access denied, repository does not exist or may require authorization: server message: "
                        + "insufficient_scope: authorization failed",
                CONTAINERD
                        + "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to "
                        + "https://registry.example/token?scope=x: 401 Unauthorized",
                CONTAINERD
                        + "unexpected status from HEAD request to https://registry.example/v2/shop/web/manifests/404: "
                        + "403 Forbidden",
                CONTAINERD + "unexpected status code [manifests 404]: 403 Forbidden",
                "failed to pull and unpack image \"" + IMAGE + "\": no match for platform in manifest: not found",
                "reading manifest 404 in registry.example/shop/web: manifest unknown",
                "initializing source docker://" + IMAGE + ": reading manifest 404 in registry.example/shop/web: "
                        + "requested access to the resource is denied",
                "initializing source docker://" + IMAGE + ": reading manifest 404 in registry.example/shop/web: "
                        + "unauthorized: access to the requested resource is not authorized",
                "Error response from daemon: Head \"https://registry.example/v2/\": no basic auth credentials",
                "name unknown: repository shop/web not known to registry",
                "unable to retrieve auth token: invalid username/password: authentication required",
            })
    void aRefusalIsAFaultAtTheFirstTryAndWhileTheKubeletBacksOff(String text) {
        PodFacts first = facts("ErrImagePull", text);
        PodFacts backOff = facts("ImagePullBackOff", "Back-off pulling image \"" + IMAGE + "\": ErrImagePull: " + text);

        assertThat(first.fault()).hasValueSatisfying(problem -> {
            assertThat(problem.reason()).isEqualTo("ErrImagePull");
            assertThat(problem.message())
                    .startsWith("container app cannot get its image " + IMAGE + ": ")
                    .endsWith(text.substring(text.lastIndexOf(": ")))
                    .hasSizeLessThanOrEqualTo(256);
        });
        assertThat(first.blocked()).isEmpty();
        assertThat(backOff.fault()).isEqualTo(first.fault());
        assertThat(backOff.blocked()).isEmpty();
    }

    /** containerd repeats the image three times before it comes to the point, which would be cut. */
    @Test
    void theReasonComesRightAfterTheImage() {
        assertThat(facts("ErrImagePull", "rpc error: code = NotFound desc = " + CONTAINERD + IMAGE + ": not found")
                        .fault()
                        .orElseThrow()
                        .message())
                .isEqualTo("container app cannot get its image " + IMAGE + ": not found");
        assertThat(facts(
                                "ImagePullBackOff",
                                "Back-off pulling image \"" + IMAGE + "\": ErrImagePull: " + CONTAINERD
                                        + "pulling from host registry.example failed with status code [manifests 404]:"
                                        + " 401 Unauthorized")
                        .fault()
                        .orElseThrow()
                        .message())
                .isEqualTo(
                        "container app cannot get its image " + IMAGE
                                + ": pulling from host registry.example failed with status code [manifests 404]: 401 Unauthorized");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "failed to do request: Head \"https://registry.example/v2/shop/web/manifests/404\": dial tcp "
                        + "192.0.2.7:443: i/o timeout",
                "failed to do request: Head \"https://registry.example/v2/\": dial tcp 192.0.2.7:443: connect: "
                        + "connection refused",
                "failed to do request: Head \"https://registry.example/v2/\": dial tcp: lookup registry.example on "
                        + "10.96.0.10:53: no such host",
                "failed to do request: Head \"https://registry.example/v2/\": dial tcp: lookup registry.example on "
                        + "10.96.0.10:53: server misbehaving",
                "failed to do request: Head \"https://registry.example/v2/\": net/http: TLS handshake timeout",
                "failed to do request: Head \"https://registry.example/v2/\": EOF",
                "failed to authorize: failed to fetch oauth token: Post \"https://registry.example/token\": read tcp "
                        + "10.0.0.4:51234->192.0.2.7:443: read: connection reset by peer",
                "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to "
                        + "https://registry.example/token: 503 Service Unavailable",
                "unexpected status code [manifests 404]: 500 Internal Server Error",
                "unexpected status from HEAD request to https://registry.example/v2/shop/web/manifests/404: "
                        + "429 Too Many Requests",
                "rpc error: code = DeadlineExceeded desc = context deadline exceeded",
                "toomanyrequests: You have reached your unauthenticated pull rate limit.",
            })
    void aRegistryThatDoesNotAnswerIsWaitedForInTheSameWordsAtEveryTry(String text) {
        PodFacts first = facts("ErrImagePull", CONTAINERD + text);
        PodFacts again = facts("ErrImagePull", CONTAINERD + text.replace(":51234->", ":60001->"));
        PodFacts backOff = facts(
                "ImagePullBackOff", "Back-off pulling image \"" + IMAGE + "\": ErrImagePull: " + CONTAINERD + text);

        assertThat(first.fault()).isEmpty();
        assertThat(first.blocked().orElseThrow())
                .startsWith("container app waits for its image " + IMAGE + ": its registry does not answer (");
        assertThat(again.blocked()).isEqualTo(first.blocked());
        assertThat(backOff.fault()).isEmpty();
        assertThat(backOff.blocked()).isEqualTo(first.blocked());
    }

    @Test
    void aBackOffThatDoesNotSayWhyIsWaitedFor() {
        PodFacts facts = facts("ImagePullBackOff", "Back-off pulling image \"" + IMAGE + "\"");

        assertThat(facts.fault()).isEmpty();
        assertThat(facts.blocked()).contains("container app waits for its image " + IMAGE);
        assertThat(facts("ErrImagePull", null).blocked()).isEqualTo(facts.blocked());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "failed to extract layer: write /var/lib/containerd/x: no space left on device",
                "mkdir /var/lib/containerd/tmp: permission denied",
                "tls: failed to verify certificate: x509: certificate signed by unknown authority",
            })
    void aTroubleOfTheNodeIsNoRefusal(String text) {
        PodFacts facts = facts("ErrImagePull", CONTAINERD + text);

        assertThat(facts.fault()).isEmpty();
        assertThat(facts.blocked()).contains("container app waits for its image " + IMAGE + ": " + text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"shop/forbidden:404", "denied", "registry.example:5000/not-found/unauthorized:401"})
    void theNameOfAnImageIsNoRefusal(String image) {
        String text = "failed to pull and unpack image \"docker.io/" + image + "\": " + image + ": docker.io/library/"
                + image + ": archive/tar: invalid tar header";

        assertThat(ImagePull.of(image, text)).isInstanceOf(ImagePull.Waiting.class);
    }

    private static PodFacts facts(String reason, String message) {
        Pod pod = new PodBuilder()
                .withNewMetadata()
                .withName("web-1-0")
                .endMetadata()
                .withNewSpec()
                .addNewContainer()
                .withName("app")
                .withImage(IMAGE)
                .endContainer()
                .endSpec()
                .withNewStatus()
                .addNewContainerStatus()
                .withName("app")
                .withRestartCount(0)
                .withState(new ContainerStateBuilder()
                        .withNewWaiting(message, reason)
                        .build())
                .endContainerStatus()
                .endStatus()
                .build();
        return PodReading.facts("web", pod).orElseThrow();
    }
}
