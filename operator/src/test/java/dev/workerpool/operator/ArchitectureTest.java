package dev.workerpool.operator;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Timer;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The way of the data: observe, decide, act, report; each package imports only what stands beside it here. */
class ArchitectureTest {
    private static final String ROOT = "dev.workerpool.operator";
    private static final String API = "dev.workerpool.api";

    /** Packages of ours that a package may use. The wiring, {@code dev.workerpool.operator} itself, may use all. */
    private static final Map<String, List<String>> MAY_USE = Map.of(
            "decide", List.of(),
            "pods", List.of("api", "decide"),
            "observe", List.of("api", "decide", "pods"),
            "act", List.of("api", "decide", "pods", "observe"), // tells the sightings whom it removes
            "report", List.of("api", "decide", "pods"),
            "metrics", List.of("api", "decide"),
            "health", List.of(),
            "reconcile", List.of("api", "decide", "pods", "observe", "act", "report", "metrics"));

    private static final JavaClasses CODE = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.workerpool");

    @Test
    void decideImportsNothingButTheLanguage() {
        classes()
                .that()
                .resideInAPackage(ROOT + ".decide..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("java..", ROOT + ".decide..")
                .check(CODE);
    }

    @ParameterizedTest
    @MethodSource("packages")
    void importsRunOneWay(String name, List<String> mayUse) {
        String[] others = MAY_USE.keySet().stream()
                .filter(p -> !p.equals(name) && !mayUse.contains(p))
                .map(p -> ROOT + "." + p + "..")
                .toArray(String[]::new);
        noClasses()
                .that()
                .resideInAPackage(ROOT + "." + name + "..")
                .should()
                .dependOnClassesThat(resideInAnyPackage(others))
                .orShould()
                .dependOnClassesThat()
                .resideInAPackage(ROOT)
                .allowEmptyShould(true)
                .check(CODE);
    }

    static Stream<Arguments> packages() {
        return MAY_USE.entrySet().stream().map(e -> Arguments.of(e.getKey(), e.getValue()));
    }

    @Test
    void everyPackageHasItsPlaceInTheGraph() {
        classes()
                .that()
                .resideInAPackage(ROOT + "..")
                .should()
                .resideInAnyPackage(
                        Stream.concat(Stream.of(ROOT), MAY_USE.keySet().stream().map(p -> ROOT + "." + p))
                                .toArray(String[]::new))
                .check(CODE);
    }

    @Test
    void noPackagesFormACycle() {
        slices().matching("dev.workerpool.(**)").should().beFreeOfCycles().check(CODE);
    }

    @Test
    void apiKnowsNothingOfTheOperator() {
        noClasses()
                .that()
                .resideInAPackage(API + "..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage(ROOT + "..")
                .check(CODE);
    }

    @Test
    void noDrawers() {
        noClasses()
                .should()
                .haveNameMatching("(?i).*(utils?|helpers?|manager|common)(\\$.*)?")
                .orShould()
                .resideInAnyPackage("..util..", "..utils..", "..helper..", "..helpers..", "..manager..", "..common..")
                .check(CODE);
    }

    /** Time comes in as an argument or a Clock, so that every wait can be played in a test. */
    @Test
    void nothingReadsAnAmbientClock() {
        noClasses()
                .should()
                .callMethod(Instant.class, "now")
                .orShould()
                .callMethod(LocalDateTime.class, "now")
                .orShould()
                .callMethod(OffsetDateTime.class, "now")
                .orShould()
                .callMethod(ZonedDateTime.class, "now")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(Thread.class, "sleep", long.class)
                .orShould()
                .callMethod(Thread.class, "sleep", Duration.class)
                .orShould()
                .callConstructor(Random.class)
                .orShould()
                .callMethod(ThreadLocalRandom.class, "current")
                .orShould()
                .callMethod(Math.class, "random")
                .check(CODE);
    }

    /** The machine's clock may be set at any time, and what is scheduled by it then comes late or early. */
    @Test
    void nothingIsScheduledByTheMachinesClock() {
        noClasses()
                .should()
                .accessClassesThat()
                .areAssignableTo(Timer.class)
                .orShould()
                .callMethod(UpdateControl.class, "rescheduleAfter", Duration.class)
                .orShould()
                .callMethod(UpdateControl.class, "rescheduleAfter", long.class)
                .orShould()
                .callMethod(UpdateControl.class, "rescheduleAfter", long.class, TimeUnit.class)
                .check(CODE);
    }

    @Test
    void onlyTheWiringMakesAClock() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT)
                .should()
                .callMethod(Clock.class, "systemUTC")
                .orShould()
                .callMethod(Clock.class, "systemDefaultZone")
                .check(CODE);
    }
}
