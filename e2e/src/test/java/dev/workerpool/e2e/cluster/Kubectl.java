package dev.workerpool.e2e.cluster;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** {@code kubectl}, as a person types it: the one of e2e/cluster on its cluster, else that of the PATH. */
public final class Kubectl {
    private Kubectl() {}

    /** What it printed, on both streams; an exit code other than 0 fails the test. */
    public static String run(String... arguments) {
        return run(Map.of(), arguments);
    }

    /** The same with these variables in its environment. */
    public static String run(Map<String, String> environment, String... arguments) {
        return Command.run(environment, command(arguments));
    }

    /** The command with these arguments. */
    public static List<String> command(String... arguments) {
        String program = LocalCluster.present()
                .map(cluster -> cluster.programs().resolve("kubectl").toString())
                .orElse("kubectl");
        return Stream.concat(Stream.of(program), Stream.of(arguments)).toList();
    }
}
