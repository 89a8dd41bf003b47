package dev.workerpool.e2e.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.api.WorkerPool;
import dev.workerpool.e2e.proxy.Call;
import dev.workerpool.e2e.proxy.Fault;
import dev.workerpool.e2e.proxy.Faults;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** What the operator hears of only by names and labels: a pool that goes and comes back, a worker that is taken aside. */
class MadeAgainServerTest extends ProxiedStage {
    /** {@code kubectl replace --force}, and Argo CD's Replace with Force. */
    @Test
    void aPoolThatIsDeletedAndMadeAgainDuringAPassIsFilled() throws InterruptedException {
        CountDownLatch asked = new CountDownLatch(1);
        proxy.faults(new Faults() {
            @Override
            public Fault before(Call call) {
                if (!call.write() || !call.of("pods") || asked.getCount() == 0) {
                    return Fault.PASS;
                }
                asked.countDown();
                return Fault.delay(Duration.ofSeconds(2));
            }
        });
        create("{replicas: 1}");
        asked.await();
        String before = read().getMetadata().getUid();
        resource().delete();
        String again = Serialization.asYaml(pool()).replace("replicas: 0", "replicas: 1"); // a later edit would hide it
        client.resource(Serialization.unmarshal(again, WorkerPool.class)).create();

        awaitUpToDate("v1");
        String uid = read().getMetadata().getUid();
        assertThat(uid).isNotEqualTo(before);
        awaitThat("its own worker", x -> pods().stream().anyMatch(pod -> pod.getMetadata().getOwnerReferences().stream()
                .anyMatch(owner -> owner.getUid().equals(uid))));
    }

    @Test
    void aWorkerWhoseLabelNamesAnotherPoolNowIsReplaced() {
        create("{replicas: 2}");
        awaitUpToDate("v1");
        film.cut();

        client.pods().inNamespace("default").withName("web-2-0").edit(pod -> new PodBuilder(pod)
                .editMetadata()
                .addToLabels(Map.of("workerpool.dev/pool", "debug"))
                .endMetadata()
                .build());

        awaitThat("another in its place", x -> film.scenes().stream().anyMatch(scene -> scene.startsWith("make")));
        awaitUpToDate("v1");
        assertThat(client.pods().inNamespace("default").withName("web-2-0").get())
                .as("the one that was taken aside")
                .isNotNull();
    }
}
