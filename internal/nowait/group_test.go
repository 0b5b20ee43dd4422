package nowait_test

import (
	"slices"
	"testing"

	"github.com/dasf-go/dasf/internal/nowait"
)

type flushed struct {
	list []string
	here int
}

type flusher struct {
	name string
	to   *flushed
}

func (f flusher) Flush(here bool) {
	f.to.list = append(f.to.list, f.name)
	if here {
		f.to.here++
	}
}

func TestWhoeverLeavesFirstFlushesWhatAllHaveLeft(t *testing.T) {
	var g nowait.Group
	var got flushed
	ask := func(name string) bool { return g.Leaves(flusher{name, &got}) }
	if ask("nobody works") {
		t.Error("left to nobody")
	}
	one, other := nowait.Reader{Group: &g}, nowait.Reader{Group: &g}
	one.Work()
	one.Work() // goes on
	other.Work()
	if !ask("a") || !ask("b") || len(got.list) > 0 {
		t.Errorf("not left to those at work: %q", got.list)
	}
	one.Rest()
	if want := []string{"a", "b"}; !slices.Equal(got.list, want) {
		t.Errorf("flushed %q, want %q", got.list, want)
	}
	if !ask("c") {
		t.Error("not left to the one still at work")
	}
	one.Rest() // it has nothing to do already
	other.During(func() {
		if ask("all wait") {
			t.Error("left to somebody who waits")
		}
	})
	if want := []string{"a", "b", "c"}; !slices.Equal(got.list, want) {
		t.Errorf("flushed %q, want %q", got.list, want)
	}
	if !ask("d") {
		t.Error("not left to the one that has waited in the middle of its work")
	}
	other.Rest()
	if want := []string{"a", "b", "c", "d"}; !slices.Equal(got.list, want) {
		t.Errorf("flushed %q, want %q", got.list, want)
	}
	other.During(func() {})
	if ask("all have left") {
		t.Error("left to nobody")
	}
}

func TestAReaderWithoutAGroupDoesNothing(t *testing.T) {
	var r nowait.Reader
	called := false
	r.Work()
	r.During(func() { called = true })
	r.Rest()
	if !called {
		t.Error("During did not call")
	}
}

func TestOneReaderDoesNotWriteForThousands(t *testing.T) {
	var g nowait.Group
	var got flushed
	const n = 1000
	reader := nowait.Reader{Group: &g}
	reader.Work()
	for range n {
		g.Leaves(flusher{"", &got})
	}
	reader.Rest()
	if len(got.list) != n {
		t.Errorf("%d flushed, want %d", len(got.list), n)
	}
	if got.here != 64 {
		t.Errorf("%d of them by the reader itself, want 64", got.here)
	}
}
