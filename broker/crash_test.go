package broker_test

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

var crashes = flag.Int("crashes", 10, "how often TestKilledBrokersLoseNothing kills its broker")

// TestKilledBrokersLoseNothing kills a broker with SIGKILL again and again while
// messages are sent and acknowledged, and accounts for every one of them.
//
// Nothing that was answered with ok may be lost. What was delivered and whose
// acknowledgement is known to be on the disk may not come again: that is so when
// the consumer's socket has answered a ping behind it and a message that was
// sent after that was answered with ok, since the log has one order. All else
// was in flight, and may come again.
func TestKilledBrokersLoseNothing(t *testing.T) {
	if testing.Short() {
		*crashes = min(*crashes, 3)
	}
	dir := t.TempDir()
	a := &account{messages: make(map[string]*fate)}
	for round := range *crashes {
		r := rand.New(rand.NewPCG(uint64(round), 9))
		crashOnce(t, a, dir, round, int64(20+r.IntN(400)))
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	drain(t, a, dir)
	a.report(t)
}

// crashOnce starts the broker and kills it once so many messages were answered.
func crashOnce(t *testing.T, a *account, dir string, round int, after int64) {
	p := startProcess(t, dir)
	var left atomic.Int64
	left.Store(after)
	var all sync.WaitGroup
	for _, url := range crashTopics {
		for i := range 2 {
			all.Go(func() { a.consume(p.url+url.consumer, p.url+"/ws/marks") })
			all.Go(func() {
				a.produce(p.url+url.producer, fmt.Sprintf("%s.%d.%d", url.name, round, i), func() {
					if left.Add(-1) == 0 {
						p.kill()
					}
				})
			})
		}
	}
	all.Wait()
	p.wait()
}

// drain starts the broker a last time and takes all that it has.
func drain(t *testing.T, a *account, dir string) {
	p := startProcess(t, dir)
	var all sync.WaitGroup
	for _, url := range crashTopics {
		all.Go(func() { a.consume(p.url+url.consumer, p.url+"/ws/marks") })
	}
	// What was sent as a mark is held for nobody.
	all.Go(func() { new(account).consume(p.url+"/ws/marks/m", "") })
	eventually(t, "all messages to be delivered and acknowledged", func() bool {
		return p.held(t) == 0 && a.missing() == 0
	})
	p.kill()
	all.Wait()
	p.wait()
}

// crashTopics are one of each form: workers that share a durable subscription,
// and consumers that each get everything.
var crashTopics = []struct{ name, producer, consumer string }{
	{"pulsar", "/ws/v2/producer/persistent/public/default/pulsar",
		"/ws/v2/consumer/persistent/public/default/pulsar/workers?subscriptionType=Shared&receiverQueueSize=20"},
	{"plain", "/ws/plain", "/ws/plain/p?subscriptionType=Shared"},
}

// A process is a broker that can be killed.
type process struct {
	url  string
	cmd  *exec.Cmd
	once sync.Once
}

func startProcess(t *testing.T, dir string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "DASF_TEST_BROKER="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: cmd}
	t.Cleanup(p.kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the broker did not start: %v", err)
	}
	p.url = "ws://" + strings.TrimSpace(line)
	return p
}

func (p *process) kill() { p.once.Do(func() { p.cmd.Process.Kill() }) }

// wait returns when the process has ended, which it does by being killed.
func (p *process) wait() { _ = p.cmd.Wait() }

// held is how many messages the broker has.
func (p *process) held(t *testing.T) int64 {
	t.Helper()
	resp, err := http.Get("http" + strings.TrimPrefix(p.url, "ws") + "/api/broker")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var st struct {
		Messages int64 `json:"messages"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&st); err != nil {
		t.Fatal(err)
	}
	return st.Messages
}

// A fate is what became of one message.
type fate struct {
	ok        bool // answered so
	delivered int
	settled   bool // its acknowledgement is on the disk
	returned  bool // and it was delivered again all the same
}

// An account has the fate of every message.
type account struct {
	mu       sync.Mutex
	messages map[string]*fate
}

// of returns the fate of a message; a.mu is held.
func (a *account) of(name string) *fate {
	if a.messages == nil {
		a.messages = make(map[string]*fate)
	}
	f := a.messages[name]
	if f == nil {
		f = new(fate)
		a.messages[name] = f
	}
	return f
}

// produce sends messages, ten at a time, until the connection ends.
func (a *account) produce(url, name string, answered func()) {
	ws, _, err := websocket.DefaultDialer.Dial(url, nil)
	if err != nil {
		return // the broker is dead already
	}
	defer ws.Close()
	padding := strings.Repeat("A", 1000)
	sent := 0
	send := func() error {
		err := ws.WriteMessage(websocket.TextMessage,
			fmt.Appendf(nil, `{"payload":"%s","context":"%[2]s.%[3]d","properties":{"name":"%[2]s.%[3]d"}}`, padding, name, sent))
		sent++
		return err
	}
	for range 10 {
		if send() != nil {
			return
		}
	}
	for {
		var answer struct{ Result, Context string }
		if err := ws.ReadJSON(&answer); err != nil {
			return
		}
		if answer.Result != "ok" {
			continue // it is not lost then, it was never taken
		}
		a.mu.Lock()
		a.of(answer.Context).ok = true
		a.mu.Unlock()
		answered()
		if send() != nil {
			return
		}
	}
}

// consume takes messages and acknowledges them until the connection ends. Every
// now and then it makes sure that the acknowledgements are on the disk.
func (a *account) consume(url, marks string) {
	ws, _, err := websocket.DefaultDialer.Dial(url, nil)
	if err != nil {
		return
	}
	defer ws.Close()
	var mark *websocket.Conn
	if marks != "" {
		if mark, _, err = websocket.DefaultDialer.Dial(marks, nil); err != nil {
			return
		}
		defer mark.Close()
	}
	var acknowledged, behindPing []string // since the last mark, and before the ping that is out
	pinged, ponged := false, false
	ws.SetPongHandler(func(string) error { ponged = true; return nil })
	for {
		// A pong alone does not end a read.
		var m struct {
			MessageID  string `json:"messageId"`
			Properties struct {
				Name string `json:"name"`
			} `json:"properties"`
		}
		if err := ws.ReadJSON(&m); err != nil {
			return
		}
		if ponged {
			if !confirm(mark) {
				return
			}
			a.settle(behindPing)
			pinged, ponged = false, false
		}
		a.deliver(m.Properties.Name)
		if ws.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"messageId":%q}`, m.MessageID)) != nil {
			return
		}
		acknowledged = append(acknowledged, m.Properties.Name)
		if mark != nil && !pinged && len(acknowledged) >= 20 {
			if ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(10*time.Second)) != nil {
				return
			}
			pinged = true
			behindPing, acknowledged = acknowledged, nil
		}
	}
}

// confirm sends a message and reports whether it was answered with ok.
func confirm(ws *websocket.Conn) bool {
	var answer struct{ Result string }
	return ws.WriteMessage(websocket.TextMessage, []byte(`{"payload":""}`)) == nil && ws.ReadJSON(&answer) == nil && answer.Result == "ok"
}

func (a *account) deliver(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f := a.of(name)
	f.delivered++
	f.returned = f.returned || f.settled
}

func (a *account) settle(names []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, name := range names {
		a.of(name).settled = true
	}
}

// missing counts what was answered with ok and never delivered.
func (a *account) missing() (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range a.messages {
		if f.ok && f.delivered == 0 {
			n++
		}
	}
	return n
}

func (a *account) report(t *testing.T) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var ok, unanswered, again, settled, returned, lost int
	for name, f := range a.messages {
		switch {
		case f.ok:
			ok++
		default:
			unanswered++
		}
		if f.settled {
			settled++
		}
		again += max(0, f.delivered-1)
		if f.ok && f.delivered == 0 {
			lost++
			t.Errorf("message %s was answered with ok and is lost", name)
		}
		if f.returned {
			returned++
			t.Errorf("message %s came again although its acknowledgement was on the disk", name)
		}
	}
	t.Logf("%d crashes: %d messages answered with ok, %d more delivered; lost %d; delivered again %d, of %d whose acknowledgement was known to be on the disk %d",
		*crashes, ok, unanswered, lost, again, settled, returned)
}
