package transport_test

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/internal/heaptest"
	"github.com/dasf-go/dasf/transport"
)

// What the root package asks of a consumer about who reads.
type turns interface {
	deliverer
	Lend(func(*transport.Message))
	NothingMore() bool
	Aside(run func())
	Leave(needed func() bool)
	ReadHere(done func() bool) bool
	ReadOn()
}

// A reading is a consumer whose messages are noted in the order in which they
// are handed over.
type reading struct {
	*lab
	turns
	broker *peer

	mu   sync.Mutex
	got  []string
	here []bool // whether each came from within ReadHere
	then func(id string)
}

func (l *lab) reading(b transport.Broker) *reading {
	l.Helper()
	c, broker := l.consume(b, "topic")
	r := &reading{lab: l, turns: c.(turns), broker: broker, then: func(string) {}}
	r.Lend(func(m *transport.Message) {
		stack := make([]byte, 16<<10)
		here := strings.Contains(string(stack[:runtime.Stack(stack, false)]), ").ReadHere(")
		r.mu.Lock()
		r.got = append(r.got, m.ID)
		r.here = append(r.here, here)
		then := r.then
		r.mu.Unlock()
		then(m.ID)
	})
	return r
}

// has returns a function for ReadHere that waits for a message.
func (r *reading) has(id string) func() bool {
	return func() bool { return slices.Contains(r.soFar(), id) }
}

// soFar returns what was handed over.
func (r *reading) soFar() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// with has what is handed over do something.
func (r *reading) with(then func(id string)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.then = then
}

// free makes nobody read.
func (r *reading) free() {
	r.with(func(string) { r.Leave(func() bool { return false }) })
	r.broker.deliver("free")
	synctest.Wait()
	r.with(func(string) {})
}

func (r *reading) want(got ...string) {
	r.Helper()
	if have := r.soFar(); !slices.Equal(have, got) {
		r.Errorf("handed over %q, want %q", have, got)
	}
}

func TestWhoWaitsForAMessageReadsIt(t *testing.T) {
	inLab(t, func(l *lab) {
		r := l.reading(l.plain())
		r.free()
		for i := range 5 { // each within patience of the last
			r.broker.deliver(fmt.Sprint(i))
			if !r.ReadHere(r.has(fmt.Sprint(i))) {
				t.Errorf("message %d: ReadHere gave up", i)
			}
		}
		r.want("free", "0", "1", "2", "3", "4")
		if want := []bool{false, true, true, true, true, true}; !slices.Equal(r.here, want) {
			t.Errorf("read by who waited: %v, want %v", r.here, want)
		}
	})
}

func TestReadHereDoesNothingWhereSomebodyReads(t *testing.T) {
	inLab(t, func(l *lab) {
		r := l.reading(l.plain())
		if !r.ReadHere(func() bool { t.Error("asked whether it is done"); return false }) {
			t.Error("gave up")
		}
		r.broker.deliver("a")
		synctest.Wait()
		r.want("a")
	})
}

func TestWhoWaitsForLongIsRelieved(t *testing.T) {
	inLab(t, func(l *lab) {
		r := l.reading(l.plain())
		r.free()
		start := time.Now()
		if r.ReadHere(r.has("late")) {
			t.Error("ReadHere did not give up")
		}
		if waited := time.Since(start); waited < time.Millisecond || waited > 2*time.Millisecond {
			t.Errorf("it gave up after %v", waited)
		}
		time.Sleep(time.Second)
		r.broker.deliver("late")
		synctest.Wait()
		r.want("free", "late")
		if r.here[1] {
			t.Error("read by who has given up")
		}
	})
}

// The rest of a message may take long, and who waits may have little time.
func TestWhoWaitsDoesNotReadAMessageOfWhichHalfHasCome(t *testing.T) {
	inLab(t, func(l *lab) {
		r := l.reading(l.plain())
		whole := frame(0x81, `{"messageId":"cut","payload":"`+strings.Repeat("A", 224)+`"}`)
		for n := range 9 { // in the header, and behind it
			r.free()
			r.broker.raw(whole[:n+1])
			start := time.Now()
			if r.ReadHere(func() bool { return false }) {
				t.Errorf("%d bytes: it did not give up", n+1)
			}
			if waited := time.Since(start); waited != 0 {
				t.Errorf("%d bytes: it gave up after %v", n+1, waited)
			}
			r.broker.raw(whole[n+1:])
			r.broker.deliver("next")
			synctest.Wait()
			got := r.soFar()
			if waited := time.Since(start); waited != 0 {
				t.Errorf("%d bytes: nobody read for %v", n+1, waited)
			}
			if want := []string{"free", "cut", "next"}; len(got) < 3 || !slices.Equal(got[len(got)-3:], want) {
				t.Errorf("%d bytes: handed over %q, want %q", n+1, got, want)
			}
		}
		if slices.Contains(r.here, true) {
			t.Errorf("read by who waited: %v", r.here)
		}
	})
}

func TestAPingIsAnsweredByWhoWaitsAndDoesNotKeepIt(t *testing.T) {
	inLab(t, func(l *lab) {
		r := l.reading(l.plain())
		r.free()
		pongs := make(chan string, 1)
		r.broker.SetPongHandler(func(text string) error { pongs <- text; return nil })
		r.broker.pump()
		if err := r.broker.WriteControl(websocket.PingMessage, []byte("p"), time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		if r.ReadHere(func() bool { return false }) {
			t.Error("ReadHere did not give up")
		}
		if got := <-pongs; got != "p" {
			t.Errorf("pong %q", got)
		}
	})
}

func TestNobodyReadsOnlyForAMoment(t *testing.T) {
	inLab(t, func(l *lab) {
		r := l.reading(l.plain())
		r.free()
		r.broker.deliver("a")
		synctest.Wait()
		r.want("free")
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		r.want("free", "a")
	})
}

// What is done with a message may take longer than who waits for it is let wait.
func TestNobodyReadsOnlyForAMomentAfterALongTurn(t *testing.T) {
	inLab(t, func(l *lab) {
		r := l.reading(l.plain())
		r.free()
		r.broker.deliver("long")
		r.with(func(string) { time.Sleep(10 * time.Millisecond) })
		if !r.ReadHere(r.has("long")) {
			t.Error("ReadHere gave up")
		}
		r.broker.deliver("next")
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		r.want("free", "long", "next")
	})
}

func TestNobodyLeavesWhileSomebodyWaits(t *testing.T) {
	inLab(t, func(l *lab) {
		r := l.reading(l.plain())
		r.with(func(string) { r.Leave(func() bool { return true }) })
		r.broker.deliver("a")
		synctest.Wait()
		r.broker.deliver("b")
		synctest.Wait()
		r.want("a", "b")
	})
}

func TestNobodyLeavesWhatHasCome(t *testing.T) {
	inLab(t, func(l *lab) {
		r := l.reading(l.plain())
		r.with(func(string) { r.Leave(func() bool { return false }) })
		var frames []byte
		for i := range 3 {
			text := fmt.Sprintf(`{"messageId":"%d"}`, i)
			frames = append(append(frames, 0x81, byte(len(text))), text...)
		}
		if _, err := r.broker.NetConn().Write(frames); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		r.want("0", "1", "2")
	})
}

func TestReadOnReadsWhereNobodyDoes(t *testing.T) {
	inLab(t, func(l *lab) {
		r := l.reading(l.plain())
		r.free()
		r.ReadOn()
		r.ReadOn()
		r.broker.deliver("a")
		synctest.Wait()
		r.want("free", "a")
	})
}

func TestTheEndOfAConnectionIsSeen(t *testing.T) {
	for _, waits := range []bool{true, false} {
		t.Run(map[bool]string{true: "by who waits", false: "while nobody reads"}[waits], func(t *testing.T) {
			inLab(t, func(l *lab) {
				r := l.reading(l.plain())
				r.free()
				r.broker.end()
				if waits && r.ReadHere(func() bool { return false }) {
					t.Error("ReadHere did not give up")
				}
				r.broker = l.next()
				r.broker.deliver("again")
				synctest.Wait()
				r.want("free", "again")
			})
		})
	}
}

// What Options.Dial returns may know no deadlines, say so or not, or have another
// error for them. Who waits on it might not be relieved.
func TestNobodyWaitsOnAConnectionOfUnknownKind(t *testing.T) {
	inLab(t, func(l *lab) {
		o := l.options()
		o.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := l.net.Dial(ctx, network, addr)
			return struct{ net.Conn }{c}, err
		}
		r := l.reading(transport.WebSocket("ws://broker/ws/", o))
		r.free()
		if !r.ReadHere(func() bool { t.Error("it reads"); return true }) {
			t.Error("gave up")
		}
		start := time.Now()
		r.broker.deliver("a")
		synctest.Wait()
		r.want("free", "a")
		if waited := time.Since(start); waited != 0 {
			t.Errorf("nobody read for %v", waited)
		}
	})
}

// Who calls Deliver hands over what had come before, and is not who reads.
func TestWhatCameBeforeDeliverIsNotDoneAside(t *testing.T) {
	inLab(t, func(l *lab) {
		c, broker := l.consume(l.plain(), "topic")
		for i := range 3 {
			broker.deliver(fmt.Sprint(i))
		}
		synctest.Wait()
		var got []string
		c.(turns).Deliver(func(m *transport.Message) {
			got = append(got, m.ID)
			if c.(turns).NothingMore() {
				t.Errorf("message %s may be done aside", m.ID)
			}
			if m.ID == "0" { // comes to who reads
				broker.deliver("3")
				synctest.Wait()
			}
		})
		if want := []string{"0", "1", "2", "3"}; !slices.Equal(got, want) {
			t.Errorf("handed over %q, want %q", got, want)
		}
	})
}

// aside opens a consumer that runs what comes aside where it may, and returns
// what was run so and what was not.
func (l *lab) aside(run func(id string)) (r *reading, aside, not func() []string) {
	l.Helper()
	c, broker := l.consume(l.plain(), "topic")
	r = &reading{lab: l, turns: c.(turns), broker: broker}
	where := map[bool]chan string{true: make(chan string, 100), false: make(chan string, 100)}
	r.Deliver(func(m *transport.Message) {
		may := r.NothingMore()
		where[may] <- m.ID
		if may {
			r.Aside(func() { run(m.ID) })
		}
	})
	all := func(may bool) func() []string {
		return func() (list []string) {
			synctest.Wait()
			for range len(where[may]) {
				list = append(list, <-where[may])
			}
			return list
		}
	}
	return r, all(true), all(false)
}

func TestWhatIsDoneAsideDoesNotKeepOthersForLong(t *testing.T) {
	inLab(t, func(l *lab) {
		release := make(chan struct{})
		ended := make(chan string, 10)
		r, aside, not := l.aside(func(id string) { <-release; ended <- id })
		r.broker.deliver("first") // by who keeps up the connection, which may not
		if got := not(); !slices.Equal(got, []string{"first"}) {
			t.Fatalf("not aside: %q", got)
		}
		for i := range 3 { // each of them keeps its goroutine
			r.broker.deliver(fmt.Sprint(i))
			if got := aside(); !slices.Equal(got, []string{fmt.Sprint(i)}) {
				t.Fatalf("aside: %q, want message %d", got, i)
			}
			r.broker.deliver("next")
			if got := append(aside(), not()...); len(got) > 0 {
				t.Fatalf("%q was read at once", got)
			}
			start := time.Now()
			time.Sleep(2 * time.Millisecond)
			if got := aside(); !slices.Equal(got, []string{"next"}) {
				t.Fatalf("after %v: %q", time.Since(start), got)
			}
			time.Sleep(2 * time.Millisecond)
		}
		r.broker.end() // while six are at it
		r.broker = l.next()
		r.broker.deliver("again")
		if got := append(aside(), not()...); !slices.Equal(got, []string{"again"}) {
			t.Fatalf("after the connection broke: %q", got)
		}
		close(release)
		synctest.Wait()
		if len(ended) != 6 {
			t.Errorf("%d ended, want 6", len(ended))
		}
	})
}

func TestWhoIsQuickReadsOn(t *testing.T) {
	inLab(t, func(l *lab) {
		goroutines := map[string]bool{}
		r, aside, _ := l.aside(func(string) {
			stack := make([]byte, 64)
			goroutines[strings.Fields(string(stack[:runtime.Stack(stack, false)]))[1]] = true
		})
		r.broker.deliver("first")
		synctest.Wait()
		for i := range 100 {
			r.broker.deliver(fmt.Sprint(i))
			if got := aside(); len(got) != 1 {
				t.Fatalf("message %d: %q", i, got)
			}
			time.Sleep(100 * time.Microsecond)
		}
		if len(goroutines) != 1 {
			t.Errorf("by %d goroutines, want one", len(goroutines))
		}
	})
}

func TestNothingIsDoneAsideWhereMoreHasCome(t *testing.T) {
	inLab(t, func(l *lab) {
		r, aside, not := l.aside(func(string) {})
		r.broker.deliver("first")
		synctest.Wait()
		var frames []byte
		for i := range 3 {
			text := fmt.Sprintf(`{"messageId":"%d"}`, i)
			frames = append(append(frames, 0x81, byte(len(text))), text...)
		}
		if _, err := r.broker.NetConn().Write(frames); err != nil {
			t.Fatal(err)
		}
		if got := aside(); !slices.Equal(got, []string{"2"}) {
			t.Errorf("aside: %q", got)
		}
		if got := not(); !slices.Equal(got, []string{"first", "0", "1"}) {
			t.Errorf("not aside: %q", got)
		}
	})
}

func TestAGoroutineThatIsEndedAsideIsReplaced(t *testing.T) {
	inLab(t, func(l *lab) {
		r, aside, _ := l.aside(func(string) { runtime.Goexit() })
		r.broker.deliver("first")
		synctest.Wait()
		for i := range 3 {
			r.broker.deliver(fmt.Sprint(i))
			if got := aside(); len(got) != 1 {
				t.Errorf("message %d: %q", i, got)
			}
		}
	})
}

// A socket that waits must not hold on to what its largest message took.
func TestWhoWaitsForAMessageHoldsNoBuffer(t *testing.T) {
	inLab(t, func(l *lab) {
		const consumers, large = 4, 4 << 20
		b := l.plain()
		before := heaptest.Live()
		for range consumers {
			c, broker := l.consume(b, "topic")
			c.(turns).Deliver(func(*transport.Message) {})
			broker.write(`{"messageId":"large","payload":"%s"}`, strings.Repeat("A", large))
			for range 3 {
				broker.deliver("small")
			}
			synctest.Wait()
		}
		if held := (heaptest.Live() - before) / consumers; held > large/4 {
			t.Errorf("each consumer holds %d bytes", held)
		}
	})
}
