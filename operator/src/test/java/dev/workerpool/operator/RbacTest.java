package dev.workerpool.operator;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** What {@code deploy/base/rbac.yaml} grants is what the start asks for: {@link Preflight} names what is missing, all of it. */
class RbacTest {
    private static final Path RBAC = Path.of("../deploy/base/rbac.yaml");

    @Test
    void inTheNamespacesOfPools() throws IOException {
        ClusterRole role = Serialization.unmarshal(document("ClusterRole", "workerpool-operator"), ClusterRole.class);
        assertThat(granted(role.getRules())).isEqualTo(asked(Preflight.IN_POOL_NAMESPACES));
    }

    @Test
    void inItsOwnNamespace() throws IOException {
        Role role = Serialization.unmarshal(document("Role", "workerpool-operator-leader"), Role.class);
        assertThat(granted(role.getRules())).isEqualTo(asked(List.of(Preflight.IN_LEASE_NAMESPACE)));
    }

    private static String document(String kind, String name) throws IOException {
        return Arrays.stream(Files.readString(RBAC).split("(?m)^---$"))
                .filter(text -> text.contains("\nkind: " + kind + "\n") && text.contains("\n  name: " + name + "\n"))
                .findFirst()
                .orElseThrow();
    }

    private static Set<String> asked(List<Preflight.Permission> permissions) {
        Set<String> asked = new TreeSet<>();
        permissions.forEach(p -> p.verbs().forEach(verb -> asked.add(verb + " " + p.resource() + "." + p.group())));
        return asked;
    }

    private static Set<String> granted(Collection<PolicyRule> rules) {
        Set<String> granted = new TreeSet<>();
        for (PolicyRule rule : rules) {
            assertThat(rule.getResourceNames()).isEmpty();
            assertThat(rule.getNonResourceURLs()).isEmpty();
            rule.getVerbs().forEach(verb -> rule.getApiGroups().forEach(group -> rule.getResources()
                    .forEach(resource -> granted.add(verb + " " + resource + "." + group))));
        }
        return granted;
    }
}
