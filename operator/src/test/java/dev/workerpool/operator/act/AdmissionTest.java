package dev.workerpool.operator.act;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The answers are those of Kubernetes' API server, as its source and its admission plugins word them. */
class AdmissionTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    400 | Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.containers[0].imagee"
                    422 | Pod "web-1-0" is invalid: spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1
                    422 | Pod "web-1-0" is invalid: spec.containers[0].volumeMounts[0].name: Not found: "data"
                    403 | pods "web-1-0" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false
                    403 | pods "web-1-0" is forbidden: ValidatingAdmissionPolicy 'no-latest' with binding 'all' denied request: tag latest is not allowed
                    403 | admission webhook "policy.example.com" denied the request: image must come from registry.example.com
                    403 | pods "web-1-0" is forbidden: maximum cpu usage per Container is 1, but limit is 2
                    """)
    void refusesThePod(int code, String message) {
        assertThat(Admission.isVerdict(code, message)).isTrue();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    403 | pods "web-1-0" is forbidden: exceeded quota: small, requested: pods=1, used: pods=4, limited: pods=4
                    403 | pods "web-1-0" is forbidden: failed quota: small: must specify limits.cpu for: app
                    403 | pods "web-1-0" is forbidden: status unknown for quota: small, resources: pods
                    403 | pods "web-1-0" is forbidden: error looking up service account shop/web: serviceaccount "web" not found
                    403 | pods "web-1-0" is forbidden: no PriorityClass with name urgent was found
                    403 | pods "web-1-0" is forbidden: unable to create new content in namespace shop because it is being terminated
                    403 | pods is forbidden: User "system:serviceaccount:a:b" cannot create resource "pods" in API group "" in the namespace "shop"
                    500 | Internal error occurred: failed calling webhook "policy.example.com": connection refused
                    429 | too many requests, please try again later
                    503 | apiserver is shutting down
                    409 | pods "web-1-0" already exists
                    0 | no answer from the API server
                    """)
    void isNoVerdictOnThePod(int code, String message) {
        assertThat(Admission.isVerdict(code, message)).isFalse();
    }
}
