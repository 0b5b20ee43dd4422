//go:build interop

package faults_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/transport"
)

// onDisk starts a broker with its store below dir, a backend and a witness.
func onDisk(t *testing.T, fault, dir string) (*bench, *witness) {
	t.Helper()
	s := startEmbedded(t, settings{Dir: filepath.Join(dir, "store")})
	s.kind = kinds[slices.IndexFunc(kinds, func(k kind) bool { return k.name == "embedded-persistent" })]
	b := newBench(t, s, fault)
	b.watch("backend", b.backend(nil))
	b.run(load{calls: 20})
	return b, newWitness(t, s)
}

// wantRecovered fails the test if calls failed with another code, or fail still.
func (b *bench) wantRecovered(codes ...dasf.Code) {
	b.t.Helper()
	b.wantOnly(codes...)
	failed := b.account.failed
	b.run(load{calls: 20})
	if b.account.failed > failed {
		b.t.Errorf("%d calls failed once all was well again", b.account.failed-failed)
	}
	b.wantNoLeak(4, 12, 8<<20)
}

// A witness sends messages that nobody fetches, one after the other, and
// remembers which of them the broker took.
type witness struct {
	broker transport.Broker
	topic  string
	stop   context.CancelFunc
	wg     sync.WaitGroup

	mu      sync.Mutex
	sent    int
	taken   []string
	refused error // the last refusal
	refuses int
}

func newWitness(t *testing.T, s *server) *witness {
	t.Helper()
	w := &witness{broker: connectWith(s.at, transport.Options{MaxBackoff: 200 * time.Millisecond}), topic: lab.Topic("witness")}
	ctx, stop := context.WithCancel(context.Background())
	w.stop = stop
	out, err := w.broker.Produce(ctx, w.topic)
	if err != nil {
		t.Fatal(err)
	}
	w.wg.Go(func() {
		defer out.Close()
		for ctx.Err() == nil {
			w.send(ctx, out)
			time.Sleep(10 * time.Millisecond) // it is not to fill the disk itself
		}
	})
	t.Cleanup(w.end)
	return w
}

func (w *witness) send(ctx context.Context, out transport.Producer) {
	name := fmt.Sprint(w.sent)
	m := &transport.Message{Properties: map[string]string{"name": name}}
	// Long enough to fill the space that the store has taken in advance.
	m.SetBytes(make([]byte, 20_000))
	err := out.Send(ctx, m)
	var refused *transport.SendError
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent++
	switch {
	case err == nil:
		w.taken = append(w.taken, name)
	case errors.As(err, &refused):
		w.refused = err
		w.refuses++
	}
}

// end stops it.
func (w *witness) end() {
	w.stop()
	w.wg.Wait()
}

// counts returns how many messages the broker took, and how many it refused.
func (w *witness) counts() (taken, refused int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.taken), w.refuses
}

// missing fetches what the broker has, and returns the places in taken of what
// it has not.
func (w *witness) missing(t *testing.T) []int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	in, err := w.broker.Consume(ctx, w.topic, transport.ConsumeOptions{Subscription: "witness", Type: transport.Shared})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	left := map[string]int{}
	for i, name := range w.taken {
		left[name] = i
	}
	for len(left) > 0 {
		m, err := in.Receive(ctx)
		if err != nil {
			break
		}
		delete(left, m.Properties["name"])
		if err := in.Ack(ctx, m); err != nil {
			t.Error(err)
		}
	}
	return slices.Sorted(maps.Values(left))
}

// wantKept fails the test if the broker has not all that it took.
func (w *witness) wantKept(t *testing.T) {
	t.Helper()
	taken, refused := w.counts()
	if w.refused != nil {
		t.Logf("the last refusal: %v", w.refused)
	}
	t.Logf("of %d messages that nobody fetched the broker took %d and refused %d", w.sent, taken, refused)
	if lost := w.missing(t); len(lost) > 0 {
		t.Errorf("%d messages are lost that the broker took: number %v", len(lost), lost)
	}
}

// wantRefused waits until the broker refuses messages for the disk's reason, and
// then for a second.
func (w *witness) wantRefused(t *testing.T, reason error) {
	t.Helper()
	waitFor(t, "a producer to be refused", func() bool { _, n := w.counts(); return n > 0 })
	w.mu.Lock()
	refused := w.refused
	w.mu.Unlock()
	if !strings.Contains(refused.Error(), reason.Error()) {
		t.Errorf("a producer was told %v, want %v", refused, reason)
	}
	time.Sleep(time.Second)
}

// wantServed waits until the broker takes messages again.
func (w *witness) wantServed(t *testing.T) {
	t.Helper()
	before, _ := w.counts()
	waitFor(t, "a producer to be served again", func() bool { n, _ := w.counts(); return n > before+5 })
}
