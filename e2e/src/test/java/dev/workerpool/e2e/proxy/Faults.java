package dev.workerpool.e2e.proxy;

/**
 * Decides what becomes of each call, in the thread that carries it, and may do anything before it returns: kill the
 * client, for one. Several calls may ask at the same time.
 */
public interface Faults {
    Faults NONE = new Faults() {};

    /** Before it is passed on; what cuts or answers here keeps it from the API server. */
    default Fault before(Call call) {
        return Fault.PASS;
    }

    /** Once the API server has carried it out, before the answer ({@link Call#status()}) reaches the client. */
    default Fault after(Call call) {
        return Fault.PASS;
    }
}
