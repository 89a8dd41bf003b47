package dev.workerpool.e2e.installed;

import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReviewBuilder;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.api.model.rbac.RoleRef;
import io.fabric8.kubernetes.api.model.rbac.Subject;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What RBAC on the cluster allows. */
record Permissions(KubernetesClient client) {

    /** What is granted to the operator's ServiceAccount by its own bindings, as {@code get apps/controllerrevisions}. */
    Set<String> ofTheOperator() {
        Stream<PolicyRule> everywhere = client.rbac().clusterRoleBindings().list().getItems().stream()
                .filter(binding -> binding.getSubjects().stream().anyMatch(Permissions::isOperator))
                .flatMap(binding -> rules(binding.getRoleRef(), null));
        Stream<PolicyRule> somewhere = client.rbac().roleBindings().inAnyNamespace().list().getItems().stream()
                .filter(binding -> binding.getSubjects().stream().anyMatch(Permissions::isOperator))
                .flatMap(binding ->
                        rules(binding.getRoleRef(), binding.getMetadata().getNamespace()));
        return Stream.concat(everywhere, somewhere)
                .flatMap(Permissions::each)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static boolean isOperator(Subject subject) {
        return Audit.USER.equals("system:serviceaccount:" + subject.getNamespace() + ":" + subject.getName());
    }

    private Stream<PolicyRule> rules(RoleRef role, String namespace) {
        return role.getKind().equals("ClusterRole")
                ? client.rbac().clusterRoles().withName(role.getName()).get().getRules().stream()
                : client.rbac().roles().inNamespace(namespace).withName(role.getName()).get().getRules().stream();
    }

    private static Stream<String> each(PolicyRule rule) {
        return rule.getVerbs().stream()
                .flatMap(verb -> rule.getApiGroups().stream().flatMap(group -> rule.getResources().stream()
                        .map(resource -> verb + " " + (group.isEmpty() ? resource : group + "/" + resource))));
    }

    /** Which of these verbs a user may do to a resource of ours in a namespace. */
    List<String> allowed(String user, String namespace, String resource, String... verbs) {
        String[] parts = resource.split("/", 2);
        return Stream.of(verbs)
                .filter(verb -> client.resource(new SubjectAccessReviewBuilder()
                                .withNewSpec()
                                .withUser(user)
                                .withNewResourceAttributes()
                                .withNamespace(namespace)
                                .withGroup("workerpool.dev")
                                .withResource(parts[0])
                                .withSubresource(parts.length > 1 ? parts[1] : null)
                                .withVerb(verb)
                                .endResourceAttributes()
                                .endSpec()
                                .build())
                        .create()
                        .getStatus()
                        .getAllowed())
                .filter(Objects::nonNull)
                .toList();
    }
}
