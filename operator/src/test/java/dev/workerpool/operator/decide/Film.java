package dev.workerpool.operator.decide;

import static org.assertj.core.api.Assertions.assertThat;

import dev.workerpool.operator.decide.PodFacts.Problem;
import dev.workerpool.operator.observe.Sightings;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * Plays the planner on an ideal API server, one pass a line, until it rests. Calls take effect at once and pods do only what
 * they are told: a pod that was made runs but is not ready, one that was removed drains until it is {@link #gone}.
 *
 * <p>A pod is called by slot and generation, "1-0"; a revision by its version. A line is what one pass did: "create 1-1 B",
 * or "record: RolloutStarted" with the events it tells.
 */
final class Film {
    private static final Instant START = Instant.parse("2026-01-01T12:00:00Z");
    private static final int TOO_LONG = 200;

    private final PoolSpec spec;
    private final TreeMap<String, PodFacts> pods = new TreeMap<>();
    private final Map<String, Long> records = new HashMap<>();
    private final Map<Integer, Integer> foreign = new HashMap<>();
    private final List<PodFacts> aside = new ArrayList<>();
    private final Set<String> refused = new HashSet<>();
    private final Set<String> unhealthy = new HashSet<>();
    private Optional<Obstacle> createObstacle = Optional.empty();
    private boolean refusesNextCreate;
    private Optional<Obstacle> recordObstacle = Optional.empty();
    private Optional<Obstacle> evictObstacle = Optional.empty();
    private Optional<Obstacle> outage = Optional.empty();
    private final Map<String, Obstacle> deleteObstacles = new HashMap<>();
    private Sightings sightings = new Sightings();
    private Verdict verdict = new Verdict.Unknown();
    private State state = State.NEW;
    private Instant now = START;
    /** Of the pods that are made from now on; 35 s by the contract's defaults. */
    private Duration grace = Duration.ofSeconds(35);

    private final List<Event> told = new ArrayList<>();
    private final List<String> said = new ArrayList<>();
    private Plan.Rest rest;
    private int changes;

    Film(PoolSpec spec) {
        this.spec = spec;
    }

    // ---- what the test does

    /** The user edits the spec. */
    Film apply(Consumer<PoolSpec> edit) {
        edit.accept(spec);
        verdict = new Verdict.Unknown();
        return this;
    }

    /** The user asks for another version, and what precedes its first step is as ever. */
    Film begins(String version) {
        apply(p -> p.version(version));
        List<String> lines = new ArrayList<>();
        do {
            lines.add(pass());
        } while (!lines.get(lines.size() - 1).contains("RolloutStarted") && lines.size() < 6);
        assertThat(lines).first().isEqualTo("record"); // of what is wanted now
        assertThat(lines).last().asString().isEqualTo("record: RolloutStarted");
        return this;
    }

    /** Workers that are made from now on have so long to drain. */
    Film graceSeconds(long value) {
        grace = Duration.ofSeconds(value);
        return this;
    }

    Film after(long seconds) {
        now = now.plusSeconds(seconds);
        return this;
    }

    Film ready(String... names) {
        return change(names, f -> pod(f, f.terminating(), f.ended(), true, f.exits()));
    }

    Film unready(String... names) {
        return change(names, f -> pod(f, f.terminating(), f.ended(), false, f.exits()));
    }

    /** Its container exits with code 1 and is started again. */
    Film crashes(String... names) {
        return change(names, f -> pod(f, f.terminating(), f.ended(), false, f.exits() + 1));
    }

    /** A user deletes it; it drains. */
    Film deleted(String... names) {
        return change(names, f -> pod(f, true, f.ended(), f.ready(), f.exits()));
    }

    /** Its node evicts it. */
    Film ended(String... names) {
        return change(names, f -> pod(f, f.terminating(), true, false, f.exits()));
    }

    Film gone(String... names) {
        for (String name : names) {
            assertThat(pods.remove("web-" + name)).as(name).isNotNull();
        }
        return this;
    }

    /** Its containers do not run yet. */
    Film pending(String name) {
        return change(name, f -> said(f, false, false, Optional.empty(), Optional.empty(), Optional.empty(), 0));
    }

    Film running(String name) {
        return change(name, f -> said(f, true, false, Optional.empty(), Optional.empty(), Optional.empty(), 0));
    }

    Film blocked(String name, String why) {
        return change(name, f -> said(f, false, false, Optional.empty(), Optional.of(why), Optional.empty(), 0));
    }

    Film faulty(String name, String reason) {
        Problem fault = new Problem(reason, "it is broken", Optional.empty());
        return change(name, f -> said(f, false, false, Optional.of(fault), Optional.empty(), Optional.empty(), 0));
    }

    /** It says itself what keeps it from being ready. */
    Film unreadyBecause(String name, String why) {
        return change(name, f -> said(f, f.running(), false, Optional.empty(), Optional.empty(), Optional.of(why), 0));
    }

    Film nodeLost(String name) {
        unready(name);
        return change(
                name,
                f -> said(
                        f,
                        true,
                        true,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of("its node n1 does not answer"),
                        0));
    }

    Film deletionCost(String name, int cost) {
        return change(
                name, f -> said(f, f.running(), false, Optional.empty(), Optional.empty(), Optional.empty(), cost));
    }

    Film refuses(String version) {
        refused.add(version);
        return this;
    }

    Film accepts(String version) {
        refused.remove(version);
        return this;
    }

    Film unhealthy(String version) {
        unhealthy.add(version);
        return this;
    }

    Film healthy(String version) {
        unhealthy.remove(version);
        return this;
    }

    /** Creates are refused for now, and tried again after 10 s. */
    Film quotaExceeded() {
        createObstacle = Optional.of(new Obstacle("waits for quota", now.plusSeconds(10)));
        return this;
    }

    Film quotaGranted() {
        createObstacle = Optional.empty();
        return this;
    }

    /** The next create is refused; creates are tried again after 10 s. */
    Film refusesNextCreate() {
        refusesNextCreate = true;
        return this;
    }

    /** Records are refused for now, and tried again after 10 s. */
    Film recordsRefused() {
        recordObstacle = Optional.of(new Obstacle("waits for quota of records", now.plusSeconds(10)));
        return this;
    }

    Film recordsGranted() {
        recordObstacle = Optional.empty();
        return this;
    }

    /** Evictions are refused for now, and tried again after 10 s. */
    Film budgetExhausted() {
        evictObstacle = Optional.of(new Obstacle("waits for a PodDisruptionBudget", now.plusSeconds(10)));
        return this;
    }

    Film budgetGranted() {
        evictObstacle = Optional.empty();
        return this;
    }

    /** The API server was away, and so long from now on nodes may not hear it. */
    Film unheardFor(long seconds) {
        outage = Optional.of(new Obstacle("the API server was away", now.plusSeconds(seconds)));
        return this;
    }

    /** Admission refuses to let it be deleted for now; that is tried again after 10 s. */
    Film undeletable(String name) {
        PodFacts pod = pods.get("web-" + name);
        deleteObstacles.put(
                pod.uid(), new Obstacle("pod " + pod.name() + " cannot be removed: no", now.plusSeconds(10)));
        return this;
    }

    Film deletable(String name) {
        deleteObstacles.remove(pods.get("web-" + name).uid());
        return this;
    }

    /** Its label is taken off: it is no worker any more. */
    Film letGo(String name) {
        aside.add(pods.get("web-" + name));
        PodFacts pod = pods.get("web-" + name);
        return gone(name).foreign(pod.slot(), pod.generation());
    }

    /** The labels are put back. */
    Film comeBack() {
        aside.forEach(pod -> pods.put(pod.name(), pod));
        aside.clear();
        return this;
    }

    /** Somebody else's pod bears the name. */
    Film foreign(int slot, int generation) {
        foreign.put(slot, generation);
        return this;
    }

    Film recordDeleted(String version) {
        assertThat(records.remove(PoolSpec.revision(version))).as(version).isNotNull();
        return this;
    }

    Film operatorRestarts() {
        sightings = new Sightings();
        verdict = new Verdict.Unknown();
        createObstacle = Optional.empty();
        recordObstacle = Optional.empty();
        evictObstacle = Optional.empty();
        deleteObstacles.clear();
        return this;
    }

    // ---- what the planner does

    /** Exactly these passes, and then it rests. */
    Film plays(String... lines) {
        assertThat(play()).containsExactly(lines);
        return this;
    }

    /** Passes that are of no concern here, and then it rests. */
    Film playsUntilRest() {
        play();
        return this;
    }

    /** Surge workers are made, and then it rests. */
    Film surges() {
        assertThat(play()).singleElement().asString().startsWith("create ");
        return this;
    }

    /** Nothing is done. */
    Film rests() {
        return plays();
    }

    /** Everything turns out well: pods become ready, drain, and time passes, until nothing more is to come. */
    List<String> playsOut() {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < TOO_LONG; i++) {
            lines.addAll(play());
            boolean moved = false;
            for (PodFacts f : List.copyOf(pods.values())) {
                String name = f.name().substring("web-".length());
                if (f.terminating()) {
                    gone(name);
                    moved = true;
                } else if (f.live() && !f.ready()) {
                    ready(name);
                    moved = true;
                }
            }
            if (!moved
                    && (state.rollout() instanceof Rollout.Idle || rest.wakeAt().isEmpty())) {
                return lines;
            }
            if (!moved) {
                now = rest.wakeAt().orElseThrow();
            }
        }
        throw new AssertionError("does not come to rest: " + lines);
    }

    /** The first fill, until it is at rest. */
    Film fills() {
        playsOut();
        return this;
    }

    /** The version is rolled out to the last worker. */
    Film rollsTo(String version) {
        begins(version);
        playsOut();
        assertThat(state.snapshot().orElseThrow().version()).isEqualTo(version);
        return this;
    }

    /** The version's first worker crashes, and the pool is back at the snapshot. */
    Film failsAt(String version) {
        begins(version);
        crashNewest();
        assertThat(playsOut()).first().asString().contains("RolloutFailed");
        return this;
    }

    /** One pass is played, and the surge workers it may have made crash. */
    Film crashNewest() {
        play();
        crashes(pods.values().stream()
                .filter(f -> f.live() && !f.ready())
                .map(f -> f.name().substring("web-".length()))
                .toArray(String[]::new));
        return this;
    }

    /** What the last rest waits for, and for how long. */
    Film waits(long seconds, String sentence) {
        return says(sentence).wakesIn(seconds);
    }

    Film says(String sentence) {
        assertThat(rest.waiting()).isEqualTo(sentence);
        return this;
    }

    Film wakesIn(long seconds) {
        assertThat(rest.wakeAt().map(at -> Duration.between(now, at))).contains(Duration.ofSeconds(seconds));
        return this;
    }

    /** By what it waits for. */
    Film isBlocked() {
        assertThat(rest.blocked()).contains(rest.waiting());
        return this;
    }

    Film waitsForNoTime() {
        assertThat(rest.wakeAt()).isEmpty();
        return this;
    }

    Plan.Rest rest() {
        return rest;
    }

    State state() {
        return state;
    }

    Instant now() {
        return now;
    }

    /** All events so far, "Kind: message". */
    List<String> told() {
        return told.stream().map(e -> e.kind() + ": " + e.message()).toList();
    }

    /** What each pass so far waited for. */
    List<String> said() {
        return said;
    }

    /** Live pods and their versions, for example "1-0 A". */
    List<String> workers() {
        return pods.values().stream()
                .filter(PodFacts::live)
                .map(f -> name(f) + " " + f.version())
                .toList();
    }

    /** Revisions that are kept, with their numbers, for example "A 1". */
    List<String> records() {
        return records.entrySet().stream()
                .map(r -> version(r.getKey()) + " " + r.getValue())
                .sorted()
                .toList();
    }

    State.Ending newest() {
        return state.history().get(0);
    }

    Rollout.Course course() {
        return state.rollout().running().orElseThrow();
    }

    Observation observe() {
        List<Worker> workers = sightings.see(List.copyOf(pods.values()), state.rollout(), spec.settings(), now);
        return new Observation(
                "web",
                spec.settings(),
                state,
                workers,
                Map.copyOf(records),
                verdict,
                Map.copyOf(foreign),
                sightings.lostRevisions(),
                sightings.vacated(),
                sightings.createNotBefore(),
                createObstacle,
                recordObstacle,
                evictObstacle,
                outage,
                Map.copyOf(deleteObstacles),
                now);
    }

    // ---- the ideal world

    private List<String> play() {
        List<String> lines = new ArrayList<>();
        rest = null;
        while (rest == null) {
            String line = pass();
            if (rest == null) {
                lines.add(line);
            }
            if (lines.size() > TOO_LONG) {
                throw new AssertionError("does not come to rest: " + lines);
            }
        }
        return lines;
    }

    String pass() {
        Plan plan = Planner.plan(observe());
        said.add(plan.waiting());
        return switch (plan) {
            case Plan.Rest r -> {
                rest = r;
                yield "rest";
            }
            case Plan.Record r -> {
                assertThat(r.next()).as("a record that changes nothing").isNotEqualTo(state);
                state = r.next();
                yield "record" + events(r.events());
            }
            case Plan.Act a -> {
                List<String> done = new ArrayList<>();
                for (Action action : a.actions()) {
                    done.add(act(action));
                    if (done.getLast().startsWith("refused")) {
                        yield String.join(" + ", done);
                    }
                }
                yield String.join(" + ", done) + events(a.events());
            }
        };
    }

    private String events(List<Event> events) {
        told.addAll(events);
        return events.isEmpty()
                ? ""
                : events.stream().map(e -> e.kind().name()).collect(Collectors.joining(", ", ": ", ""));
    }

    private String act(Action action) {
        return switch (action) {
            case Action.Create c -> create(c);
            case Action.Evict e -> "evict " + remove(e.pod(), true);
            case Action.Delete d -> "delete " + remove(d.pod(), d.byRollout()) + (d.byRollout() ? " by rollout" : "");
            case Action.DryRun d -> {
                boolean no = refused.contains(spec.settings().version());
                verdict =
                        no ? new Verdict.Refused("InvalidTemplate", "no", now.plusSeconds(10)) : new Verdict.Accepted();
                yield "dry run " + d.slot() + "-" + d.generation();
            }
            case Action.KeepRevision k -> {
                records.putIfAbsent(k.revision(), 0L);
                yield "keep " + version(k.revision());
            }
            case Action.PromoteRevision p -> {
                records.put(p.revision(), p.number());
                yield "promote " + version(p.revision()) + " to " + p.number();
            }
            case Action.DropRevision d -> {
                records.remove(d.revision());
                yield "drop " + version(d.revision());
            }
            case Action.Verify v -> verify(v.pod());
        };
    }

    private String create(Action.Create c) {
        String name = c.slot() + "-" + c.generation();
        if (refusesNextCreate) {
            refusesNextCreate = false;
            quotaExceeded();
            return "refused " + name + " " + version(c.revision());
        }
        PodFacts made = new PodFacts(
                "web-" + name,
                "uid-" + ++changes,
                "1",
                c.slot(),
                c.generation(),
                c.revision(),
                version(c.revision()),
                false,
                false,
                false,
                "" + changes,
                true,
                false,
                0,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                0,
                grace);
        assertThat(pods.putIfAbsent(made.name(), made)).as("%s exists", name).isNull();
        return "create " + name + " " + made.version();
    }

    private String remove(PodFacts pod, boolean byRollout) {
        sightings.removing(pod.uid(), byRollout);
        if (pod.ended()) {
            gone(name(pod));
        } else {
            deleted(name(pod));
        }
        return name(pod);
    }

    private String verify(PodFacts pod) {
        Worker.Check before = observe().workers().stream()
                .filter(w -> w.pod().uid().equals(pod.uid()))
                .findFirst()
                .orElseThrow()
                .check();
        boolean passed = !unhealthy.contains(pod.version());
        sightings.checked(
                pod.uid(),
                new Worker.Check(passed, before.failures() + (passed ? 0 : 1), Optional.of(now), "answered 500"));
        return "verify " + name(pod);
    }

    private Film change(String[] names, UnaryOperator<PodFacts> how) {
        for (String name : names) {
            change(name, how);
        }
        return this;
    }

    private Film change(String name, UnaryOperator<PodFacts> how) {
        assertThat(pods).containsKey("web-" + name);
        pods.compute("web-" + name, (n, f) -> how.apply(f));
        return this;
    }

    private PodFacts pod(PodFacts f, boolean terminating, boolean ended, boolean ready, int exits) {
        Problem exited = new Problem("Error", "container worker exited", Optional.of(1));
        return new PodFacts(
                f.name(),
                f.uid(),
                "" + ++changes,
                f.slot(),
                f.generation(),
                f.revision(),
                f.version(),
                terminating,
                ended,
                ready,
                f.ready() == ready ? f.readyMark() : "" + changes,
                f.running() || ready,
                false,
                exits,
                exits > 0 ? Optional.of(exited) : Optional.empty(),
                f.fault(),
                Optional.empty(),
                f.unreadyBecause(),
                f.deletionCost(),
                f.grace());
    }

    private PodFacts said(
            PodFacts f,
            boolean running,
            boolean nodeLost,
            Optional<Problem> fault,
            Optional<String> blocked,
            Optional<String> unreadyBecause,
            int cost) {
        return new PodFacts(
                f.name(),
                f.uid(),
                "" + ++changes,
                f.slot(),
                f.generation(),
                f.revision(),
                f.version(),
                f.terminating(),
                f.ended(),
                f.ready(),
                f.readyMark(),
                running,
                nodeLost,
                f.exits(),
                f.crash(),
                fault,
                blocked,
                unreadyBecause,
                cost,
                f.grace());
    }

    private static String name(PodFacts f) {
        return f.slot() + "-" + f.generation();
    }

    private static String version(String revision) {
        return revision.substring(1);
    }
}
