// Command worker is an HTTP server whose behaviour is chosen by the last part of its version, so that a test or a
// person causes a failure by deploying it: APP_VERSION=1.1.0-crash crashes. See behaviours for all of them.
//
// It serves on :8000, or on $PORT: /ready (readiness), /healthz (liveness) and everything else, which is answered by
// one line with version, worker and generation. After SIGTERM it finishes what it is doing and exits with 0.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// behaviour is how a worker differs from a good one. Durations count from its start.
type behaviour struct {
	readyAfter time.Duration // 0: never
	flap       bool          // once ready: ready for 2 s, then unready for 4 s, long enough for the kubelet to see it
	fadesAfter time.Duration // 0: once ready, it stays so
	exitAfter  time.Duration // 0: it stays
	exitCode   int
	crash      bool // exits before it serves anything
	deaf       bool // ignores SIGTERM
	probeOnly  bool // ready for the kubelet's probe, 500 on /ready for everybody else
	garbage    bool // logs control characters, and a megabyte without an end of line, before it exits
	lastWords  string
}

const (
	soon      = 500 * time.Millisecond
	flapReady = 2 * time.Second
	flapCycle = 6 * time.Second
)

var good = behaviour{readyAfter: soon}

// behaviours by the part of the version after its last dash; any other version is a good one.
var behaviours = map[string]behaviour{
	"slow":   {readyAfter: 5 * time.Second},
	"never":  {},
	"crash":  {crash: true, exitCode: 3, lastWords: "cannot open the order database: no such file"},
	"dies":   {readyAfter: soon, exitAfter: 3 * time.Second, exitCode: 4, lastWords: "the order queue hung up"},
	"tires":  {readyAfter: soon, exitAfter: 10 * time.Second, exitCode: 6, lastWords: "the order cache is full"},
	"fades":  {readyAfter: soon, fadesAfter: 10 * time.Second},
	"flap":   {readyAfter: soon, flap: true},
	"deaf":   {readyAfter: soon, deaf: true},
	"verify": {readyAfter: soon, probeOnly: true},
	"garbage": {crash: true, garbage: true, exitCode: 5,
		lastWords: "lost\x1b[2J\x00\a\u202e\u0085\xff\r\n " + strings.Repeat("and found ", 1000)},
}

func behaviourOf(version string) behaviour {
	if b, known := behaviours[version[strings.LastIndex(version, "-")+1:]]; known && strings.Contains(version, "-") {
		return b
	}
	return good
}

// ready tells whether a worker that started that long ago answers the readiness check with 200.
func (b behaviour) ready(age time.Duration) bool {
	if b.readyAfter == 0 || age < b.readyAfter || b.fadesAfter > 0 && age >= b.fadesAfter {
		return false
	}
	return !b.flap || (age-b.readyAfter)%flapCycle < flapReady
}

type worker struct {
	behaviour
	started                 time.Time
	version, id, generation string
}

func (w worker) ServeHTTP(out http.ResponseWriter, in *http.Request) {
	switch in.URL.Path {
	case "/healthz":
		fmt.Fprintln(out, "ok")
	case "/ready":
		if w.probeOnly && !strings.HasPrefix(in.UserAgent(), "kube-probe/") {
			http.Error(out, "the self-test of "+w.version+" failed", http.StatusInternalServerError)
		} else if !w.ready(time.Since(w.started)) {
			http.Error(out, "not ready", http.StatusServiceUnavailable)
		} else {
			fmt.Fprintln(out, "ready")
		}
	default:
		fmt.Fprintln(out, w.version, w.id, w.generation)
	}
}

// exit says why, in the log and to Kubernetes, and ends the process.
func (w worker) exit() {
	log.Print("fatal: ", w.lastWords)
	// Outside of Kubernetes there is no such file, and nobody to read it.
	if file, err := os.OpenFile("/dev/termination-log", os.O_WRONLY|os.O_TRUNC, 0); err == nil {
		io.WriteString(file, w.lastWords)
		file.Close()
	}
	os.Exit(w.exitCode)
}

func env(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func main() {
	log.SetFlags(log.Ltime | log.Lmicroseconds | log.LUTC)
	log.SetOutput(os.Stdout)
	version := env("APP_VERSION", "unknown")
	w := worker{behaviourOf(version), time.Now(), version, env("WORKER_ID", "-"), env("WORKER_GENERATION", "-")}
	log.Printf("worker %s of version %s, generation %s", w.id, w.version, w.generation)
	if w.crash {
		log.Print("reading the configuration")
		log.Print("opening the order database")
		if w.garbage {
			log.Print("\x1b[31mred\x1b[0m\x00\a\b\u202etsal\u0085\xff\r")
			io.WriteString(os.Stdout, strings.Repeat("\x1b[1m\x00\xfe never end", 1<<16)) // 16 bytes, and so 1 MB
		}
		w.exit()
	}

	stop := make(chan os.Signal, 1)
	if w.deaf {
		signal.Ignore(syscall.SIGTERM)
	} else {
		signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	}
	if w.exitAfter > 0 {
		time.AfterFunc(w.exitAfter, w.exit)
	}
	server := &http.Server{Addr: ":" + env("PORT", "8000"), Handler: w}
	go func() {
		if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			log.Fatal("fatal: ", err)
		}
	}()
	log.Print("serving on ", server.Addr)
	<-stop
	log.Print("SIGTERM: finishing the requests under way")
	if err := server.Shutdown(context.Background()); err != nil {
		log.Fatal("fatal: ", err)
	}
	log.Print("done")
}
