package dev.workerpool.e2e.server;

import dev.workerpool.e2e.proxy.ApiProxy;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import org.junit.jupiter.api.AfterEach;

/** With a proxy, in which calls can be held up or cut, before the server; the operator alone goes through it. */
abstract class ProxiedStage extends Stage {
    protected ApiProxy proxy;

    @Override
    KubernetesClient operatorClient() {
        Config direct = server.client().getConfiguration();
        proxy = ApiProxy.before(direct);
        Config config = new ConfigBuilder(direct).withMasterUrl(proxy.url()).build();
        return new KubernetesClientBuilder().withConfig(config).build();
    }

    @AfterEach
    void closeProxy() {
        proxy.close();
    }
}
