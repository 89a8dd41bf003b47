package dev.workerpool.operator;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.DeserializationConfig;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.deser.BeanDeserializerModifier;
import com.fasterxml.jackson.databind.deser.std.DelegatingDeserializer;
import com.fasterxml.jackson.databind.module.SimpleModule;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseSpec;
import java.io.IOException;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.function.LongSupplier;

/**
 * How a lease is read, so that fabric8's elector (7.6.1) takes it as client-go's does. By itself it holds another leader's
 * {@code renewTime} against the clock of this machine, and so takes the lease of one that lives if this clock is ahead; here
 * that time says how long ago this process first saw the lease as it is now. And on a lease without a spec, or without one
 * of its fields, it waits for good: here they are filled in, and who names no holder is free.
 */
final class ObservedLease extends SimpleModule {
    private static final long serialVersionUID = 1;

    private final String identity;
    private final transient LongSupplier nanoTime;
    private String version = "";
    private long firstSeen;

    /** @param identity this process's own: what it wrote itself is left as it is */
    ObservedLease(String identity, LongSupplier nanoTime) {
        super("observed-lease");
        this.identity = identity;
        this.nanoTime = nanoTime;
        setDeserializerModifier(new BeanDeserializerModifier() {
            private static final long serialVersionUID = 1;

            @Override
            public JsonDeserializer<?> modifyDeserializer(
                    DeserializationConfig config, BeanDescription bean, JsonDeserializer<?> plain) {
                return bean.getBeanClass() == Lease.class ? new Reading(plain) : plain;
            }
        });
    }

    private final class Reading extends DelegatingDeserializer {
        private static final long serialVersionUID = 1;

        Reading(JsonDeserializer<?> plain) {
            super(plain);
        }

        @Override
        protected JsonDeserializer<?> newDelegatingInstance(JsonDeserializer<?> plain) {
            return new Reading(plain);
        }

        @Override
        public Object deserialize(JsonParser json, DeserializationContext context) throws IOException {
            return observe((Lease) super.deserialize(json, context));
        }
    }

    private synchronized Lease observe(Lease lease) {
        LeaseSpec spec = lease.getSpec() == null ? new LeaseSpec() : lease.getSpec();
        lease.setSpec(spec);
        if (spec.getLeaseDurationSeconds() == null) {
            spec.setLeaseDurationSeconds((int) Leadership.LASTS.toSeconds());
        }
        if (!identity.equals(spec.getHolderIdentity()) || spec.getRenewTime() == null) {
            spec.setRenewTime(ZonedDateTime.now(ZoneOffset.UTC).minus(age(lease)));
        }
        if (spec.getAcquireTime() == null) {
            spec.setAcquireTime(spec.getRenewTime());
        }
        return lease;
    }

    /** For how long this process has seen it unchanged: each renewal is a new version. */
    private Duration age(Lease lease) {
        long now = nanoTime.getAsLong();
        if (!version.equals(lease.getMetadata().getResourceVersion())) {
            version = lease.getMetadata().getResourceVersion();
            firstSeen = now;
        }
        return Duration.ofNanos(now - firstSeen);
    }
}
