package main

import (
	"net/http/httptest"
	"testing"
	"time"
)

func TestTheLastPartOfTheVersionChoosesTheBehaviour(t *testing.T) {
	for version, want := range map[string]behaviour{
		"1.0.0": good, "1.0.0-rc.1": good, "crash": good, "": good, "1.0.0-crash-2": good,
		"1.0.0-crash": behaviours["crash"], "2-beta-never": behaviours["never"],
	} {
		if got := behaviourOf(version); got != want {
			t.Errorf("version %q behaves as %+v, want %+v", version, got, want)
		}
	}
}

func TestReadinessOverTime(t *testing.T) {
	at := func(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }
	for _, c := range []struct {
		version string
		age     time.Duration
		want    bool
	}{
		{"1", at(0.4), false}, {"1", at(0.6), true}, {"1-slow", at(4.9), false}, {"1-slow", at(5), true},
		{"1-never", at(3600), false}, {"1-flap", at(1), true}, {"1-flap", at(2.6), false},
		{"1-fades", at(9.9), true}, {"1-fades", at(10), false},
		{"1-flap", at(6.4), false}, {"1-flap", at(6.6), true},
	} {
		if got := behaviourOf(c.version).ready(c.age); got != c.want {
			t.Errorf("%s is ready after %s: %t, want %t", c.version, c.age, got, c.want)
		}
	}
}

func TestVerifyIsReadyForTheKubeletAlone(t *testing.T) {
	w := worker{behaviourOf("1-verify"), time.Now().Add(-time.Minute), "1-verify", "1", "0"}
	for agent, want := range map[string]int{"kube-probe/1.36": 200, "workerpool-operator": 500} {
		request, answer := httptest.NewRequest("GET", "/ready", nil), httptest.NewRecorder()
		request.Header.Set("User-Agent", agent)
		if w.ServeHTTP(answer, request); answer.Code != want {
			t.Errorf("%s got %d, want %d", agent, answer.Code, want)
		}
	}
}
