package dev.workerpool.e2e.server;

/** What the way to the API server is like; {@link Storm} makes it. */
enum Weather {
    /** As it should be: what the others are compared with. */
    CALM,
    /** Every call takes 2 s more. */
    SLOW,
    /** For 15 s, one call in five is cut off before it is carried out, one in five of the others after it, and a watch twice a second. */
    CUT,
    /** Three times, watches tell nothing for 3 s but stay open; then their connections break. */
    HUNG,
    /** Watches are cut twice a second for 5 s, and two in three cannot go on where they were: 410, as event or status. */
    GONE,
    /** Every write meets a conflict for 5 s, then one in three for 10 s. */
    CONFLICTS,
    /** Every call is one too many for 5 s, then one in three for 10 s. */
    THROTTLED,
    /** Every call ends in an error for 5 s, then every third for 10 s; half of them were carried out before it. */
    ERRORS,
    /** Nobody serves any call for 5 s, then one in three for 10 s. */
    UNAVAILABLE
}
