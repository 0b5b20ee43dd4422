package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
)

// TestMain makes the test binary a part, for the processes that are measured.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == partCommand {
		if err := runPart(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func TestEveryContenderIsInTheTable(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), []string{"-short", "-duration", "20ms", "-only", "topics,calls"}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"100 B, 1 in flight: p50 of DASF ÷ bare relay ", "100 B, 64 in flight: calls/s of DASF ÷ NATS ", "÷ gRPC, no broker ",
		"p99 with 100 topics ÷ 1 topic ", " at least 0.6 ", "load average", "CPU µs a call",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in:\n%s", want, &out)
		}
	}
}

func TestWrongFlagsAreNamed(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"-rounds 0", "-rounds is 0, it must be at least 1"},
		{"-duration 0s", "-duration must be more than 0"},
		{"-output xml", `-output is "xml", it must be text or json`},
		{"-only calls,cals", `there is no section "cals"`},
		{"-only pulsar", "-only pulsar needs -peers"},
		{"calls", `"calls" is not a flag`},
	} {
		err := run(context.Background(), strings.Fields(tt.args), io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.args, err)
		}
	}
}

func TestPeersThatAreMissingAreAnError(t *testing.T) {
	t.Setenv("DASF_PEERS_CACHE", t.TempDir())
	err := run(context.Background(), []string{"-peers", "-only", "pulsar"}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "make peers") {
		t.Errorf("got %v", err)
	}
}

func TestAGoalIsABoundFromOneSide(t *testing.T) {
	for _, tt := range []struct {
		r        ratio
		has, met bool
	}{
		{ratio{Value: 1.5, Goal: 1.5}, true, true},
		{ratio{Value: 1.6, Goal: 1.5}, true, false},
		{ratio{Value: 0.6, Goal: 0.6, AtLeast: true}, true, true},
		{ratio{Value: 0.5, Goal: 0.6, AtLeast: true}, true, false},
		{ratio{Value: 9}, false, false},
	} {
		if has, met := tt.r.reached(); has != tt.has || has && met != tt.met {
			t.Errorf("%+v: %v, %v", tt.r, has, met)
		}
	}
}

func TestFramesOfTheBareSocketsComeBack(t *testing.T) {
	for _, s := range []*sockets{plainSockets, pulsarSockets} {
		frame := s.frame("17", "abcd")
		if s == pulsarSockets { // as Pulsar 4.2.4 delivers it
			frame = []byte(`{"messageId":"CAAQADAA","payload":"abcd","properties":{"number":"17"},"publishTime":"2026-11-24T15:32:04.028Z","redeliveryCount":0}`)
		}
		number, payload, ack, err := s.parse(frame)
		if err != nil || number != "17" || payload != "abcd" || s == pulsarSockets && string(ack) != `{"messageId":"CAAQADAA"}` {
			t.Errorf("%s: %q, %q, %s, %v", frame, number, payload, ack, err)
		}
		if _, _, _, err := s.parse([]byte("{}")); err == nil {
			t.Error("a frame without anything is taken")
		}
	}
}
