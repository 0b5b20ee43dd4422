//go:build interop

package faults_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/interop/peers"
	"github.com/dasf-go/dasf/transport"
)

// callLimit is the time after which an unanswered call counts as lost: every
// broker's promise is shorter, on a busy machine too.
const callLimit = 3 * time.Minute

// A bench is one fault on one broker.
type bench struct {
	t       *testing.T
	server  *server
	topic   string
	journal string
	account *account
	started time.Time

	mu       sync.Mutex
	watching map[string]*process // whose usage is accounted for
}

func newBench(t *testing.T, s *server, fault string) *bench {
	b := &bench{
		t: t, server: s, topic: lab.Topic("faults"), journal: filepath.Join(t.TempDir(), "journal"), started: time.Now(),
		account: &account{fault: fault, broker: s.name, codes: map[string]int{}, before: map[string]usage{}, after: map[string]usage{}},
	}
	b.watching = map[string]*process{}
	t.Cleanup(b.judge)
	return b
}

// backend starts a backend with the settings that change may change.
func (b *bench) backend(change func(*settings)) *process {
	b.t.Helper()
	s := settings{Topic: b.topic, At: b.server.at, Journal: b.journal, Alive: b.server.liveness().Seconds() / 3}
	if change != nil {
		change(&s)
	}
	return launch(b.t, "backend", s)
}

// watch accounts for what a process holds now and at the end.
func (b *bench) watch(name string, p *process) {
	b.t.Helper()
	b.watching[name] = p
	b.account.before[name] = p.usage(b.t)
}

// wantNoLeak fails the test if a watched process holds more at the end than it
// did before and some connections that are kept for later. What is closing is
// given time.
func (b *bench) wantNoLeak(sockets, goroutines int, heap int64) {
	b.t.Helper()
	for name, p := range b.watching {
		before := b.account.before[name]
		for tries := 0; ; tries++ {
			after := p.usage(b.t)
			b.account.after[name] = after
			if after.Sockets <= before.Sockets+sockets && after.Goroutines <= before.Goroutines+goroutines && after.Heap <= before.Heap+heap {
				break
			}
			if tries == 300 {
				b.t.Errorf("%s held %+v before and %+v after", name, before, after)
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
}

// judge closes the account: nothing may be lost or hang.
func (b *bench) judge() {
	a := b.account
	a.took = time.Since(b.started)
	a.ran = b.runs()
	table.add(a)
	if a.lost > 0 || a.hung > 0 {
		b.t.Errorf("%d requests are lost and %d hang, of %d", a.lost, a.hung, a.sent)
	}
	if a.once+a.twice+a.failed+a.lost+a.hung != a.sent {
		b.t.Errorf("of %d requests %d were answered once, %d twice, %d failed, %d are lost, %d hang: that does not add up",
			a.sent, a.once, a.twice, a.failed, a.lost, a.hung)
	}
}

// wantAnswered fails the test if a call was not answered.
func (b *bench) wantAnswered() {
	b.t.Helper()
	if b.account.failed > 0 {
		b.t.Errorf("%d of %d requests failed: %v", b.account.failed, b.account.sent, b.account.codes)
	}
}

// wantOnly fails the test if calls failed with another code.
func (b *bench) wantOnly(codes ...dasf.Code) {
	b.t.Helper()
	for code, n := range b.account.codes {
		ok := false
		for _, c := range codes {
			ok = ok || code == string(c)
		}
		if !ok {
			b.t.Errorf("%d calls failed with %s", n, code)
		}
	}
}

// runs counts how often handlers were started.
func (b *bench) runs() int {
	text, err := os.ReadFile(b.journal)
	if err != nil {
		return -1
	}
	return bytes.Count(text, []byte("\n")) - bytes.Count(text, []byte("ended "))
}

// ended returns what the journal says of handlers whose context ended.
func (b *bench) ended() []string {
	text, err := os.ReadFile(b.journal)
	if err != nil {
		return nil
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "ended ") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// load is what is asked of a backend.
type load struct {
	calls, atOnce, clients int
	ms, size, pad          int
	at                     peers.Endpoint // in place of the server's
	options                transport.Options
	dial                   []dasf.DialOption
	limit                  time.Duration
	// during is called when a third of the calls is over; the others go on.
	during func()
	// each is called after each call with their number.
	each func(n int)
}

// run makes the calls and puts them into the account.
func (b *bench) run(l load) {
	b.t.Helper()
	if l.atOnce == 0 {
		l.atOnce = l.calls
	}
	if l.clients == 0 {
		l.clients = 1
	}
	if l.limit == 0 {
		l.limit = callLimit
	}
	if l.at == (peers.Endpoint{}) {
		l.at = b.server.at
	}
	clients := make([]*dasf.Client, l.clients)
	counted := &counting{Broker: connectWith(l.at, l.options)}
	for i := range clients {
		ctx, cancel := context.WithTimeout(b.t.Context(), time.Minute)
		c, err := dasf.Dial(ctx, counted, b.topic, append([]dasf.DialOption{dasf.WithLiveness(b.server.liveness()),
			dasf.WithLogger(slog.New(slog.DiscardHandler))}, l.dial...)...)
		cancel()
		if err != nil {
			b.t.Fatal(err)
		}
		clients[i] = c
	}
	serial := strconv.FormatInt(time.Now().UnixNano(), 36)
	pad := strings.Repeat("-", l.pad)
	var next, over atomic.Int64
	var wg, fault sync.WaitGroup
	var once sync.Once
	b.add(func(a *account) { a.sent += l.calls; a.hung += l.calls })
	for w := range l.atOnce {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= l.calls {
					return
				}
				id := serial + "-" + strconv.Itoa(i)
				ctx, cancel := context.WithTimeout(context.Background(), l.limit)
				got, err := dasf.Call[string](ctx, clients[(w+i)%l.clients], "work", workRequest{ID: id, MS: l.ms, Size: l.size, Pad: pad})
				mine := ctx.Err() != nil
				cancel()
				b.enter(err, mine)
				if err == nil && (len(got) != len(id)+l.size || !strings.HasPrefix(got, id)) {
					b.t.Errorf("call %s was answered with %.80q", id, got)
				}
				n := int(over.Add(1))
				if l.each != nil {
					l.each(n)
				}
				if n >= l.calls/3 && l.during != nil {
					once.Do(func() { fault.Go(l.during) })
				}
			}
		})
	}
	ended := make(chan struct{})
	go func() { wg.Wait(); fault.Wait(); close(ended) }()
	limit := l.limit*time.Duration(1+l.calls/l.atOnce) + time.Minute
	select {
	case <-ended:
		for _, c := range clients {
			if err := c.Close(); err != nil {
				b.t.Errorf("closing a client: %v", err)
			}
		}
	case <-time.After(limit):
		b.t.Errorf("calls did not end within %v", limit)
	}
	twice := counted.repeated()
	b.add(func(a *account) { a.once -= twice; a.twice += twice })
}

func (b *bench) add(change func(*account)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(b.account)
}

// enter puts the end of one call into the account. mine says that the caller's
// own time was over.
func (b *bench) enter(err error, mine bool) {
	b.add(func(a *account) {
		a.hung--
		var e *dasf.Error
		remote := errors.As(err, &e) && e.Remote()
		switch {
		case err == nil:
			a.once++
		case mine && !remote:
			a.lost++
		default:
			a.failed++
			a.codes[string(dasf.CodeOf(err))]++
			if a.failed <= 3 {
				b.t.Logf("a call failed: %v", err)
			}
		}
	})
}

func connectWith(at peers.Endpoint, o transport.Options) transport.Broker {
	if at.PulsarForm() {
		return transport.Pulsar(at.Addr, transport.PulsarOptions{Options: o, Persistent: at.Persistent == "persistent"})
	}
	return transport.WebSocket(at.BaseURL(), o)
}

// counting counts the responses that reach clients.
type counting struct {
	transport.Broker
	mu        sync.Mutex
	consumers []*countingConsumer
}

func (c *counting) Consume(ctx context.Context, topic string, o transport.ConsumeOptions) (transport.Consumer, error) {
	in, err := c.Broker.Consume(ctx, topic, o)
	if err != nil {
		return nil, err
	}
	one := &countingConsumer{Consumer: in}
	c.mu.Lock()
	c.consumers = append(c.consumers, one)
	c.mu.Unlock()
	return one, nil
}

// repeated returns how many calls were answered more than once.
func (c *counting) repeated() int {
	n := 0
	for _, one := range c.consumers {
		one.mu.Lock()
		for _, seen := range one.seen {
			if seen > 1 {
				n++
			}
		}
		one.mu.Unlock()
	}
	return n
}

type countingConsumer struct {
	transport.Consumer
	mu   sync.Mutex
	seen []uint8 // responses by requestContext, which a client counts from 0
}

func (c *countingConsumer) Receive(ctx context.Context) (*transport.Message, error) {
	m, err := c.Consumer.Receive(ctx)
	if err != nil || m.Properties["messageType"] != "response" || m.Properties["fragment"] > "0" {
		return m, err
	}
	if i, bad := strconv.Atoi(m.Properties["requestContext"]); bad == nil {
		c.mu.Lock()
		for len(c.seen) <= i {
			c.seen = append(c.seen, 0)
		}
		c.seen[i] = min(c.seen[i]+1, 200)
		c.mu.Unlock()
	}
	return m, err
}

// Connected is what a client asks a consumer for.
func (c *countingConsumer) Connected() (bool, time.Time) {
	return c.Consumer.(interface{ Connected() (bool, time.Time) }).Connected()
}

// waitFor waits for something that another process does.
func waitFor(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for start := time.Now(); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Since(start) > time.Minute {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
