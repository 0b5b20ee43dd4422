package broker_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/broker"
)

// eventually waits for something that another goroutine does.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func write(t testing.TB, ws *websocket.Conn, format string, args ...any) {
	t.Helper()
	if err := ws.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, format, args...)); err != nil {
		t.Fatal(err)
	}
}

// frame is what a test looks at in what it receives.
type frame struct {
	Result, ErrorMsg, MessageID, Payload string
	Context                              any
	RedeliveryCount                      int
}

func read(t testing.TB, ws *websocket.Conn) frame {
	t.Helper()
	ws.SetReadDeadline(time.Now().Add(10 * time.Second))
	_, text, err := ws.ReadMessage()
	if err != nil {
		t.Fatal(err)
	}
	var f frame
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatalf("%.200s: %v", text, err)
	}
	return f
}

func wantClose(t testing.TB, ws *websocket.Conn, code int) {
	t.Helper()
	ws.SetReadDeadline(time.Now().Add(10 * time.Second))
	for {
		_, _, err := ws.ReadMessage()
		if websocket.IsCloseError(err, code) {
			return
		}
		if err != nil {
			t.Fatalf("the connection ended with %v, want close code %d", err, code)
		}
	}
}

func TestMessagesOfAllSizes(t *testing.T) {
	for _, url := range []string{"/ws/t", "/ws/v2/producer/persistent/public/default/t"} {
		_, base := serve(t, broker.Config{})
		plain := dial(t, base+"/ws/t/s")
		pulsar := dial(t, base+"/ws/v2/consumer/non-persistent/public/default/t/s")
		out := dial(t, base+url)
		for _, n := range []int{0, 1, 125 - 24, 126 - 24, 1000, 4095, 4096, 8 << 10, 8<<10 + 1, 65_535, 65_536, 300_000, 786_000, 1_500_000} {
			payload := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("abc"), n/4))
			write(t, out, `{"payload":"%s","context":"%d"}`, payload, n)
			if f := read(t, out); f.Result != "ok" || f.Context != fmt.Sprint(n) {
				t.Fatalf("%d characters: answer %+v", len(payload), f)
			}
			for _, in := range []*websocket.Conn{plain, pulsar} {
				f := read(t, in)
				if f.Payload != payload {
					t.Fatalf("%d characters were sent, %d arrived, or not the same", len(payload), len(f.Payload))
				}
				write(t, in, `{"messageId":"%s"}`, f.MessageID)
			}
		}
	}
}

// A payload that came with escapes is no base64; it is handed on all the same,
// also when it is too long to be copied.
func TestALargePayloadWithEscapes(t *testing.T) {
	_, base := serve(t, broker.Config{})
	in, out := dial(t, base+"/ws/t/s"), dial(t, base+"/ws/t")
	payload := strings.Repeat(`a"\`+"\n", 50_000)
	text, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	write(t, out, `{"payload":%s}`, text)
	if f := read(t, in); f.Payload != payload {
		t.Errorf("%d characters arrived, want the %d that were sent", len(f.Payload), len(payload))
	}
}

// Python's client waits for ever when the answer does not name its context.
func TestAMessageThatIsTooLong(t *testing.T) {
	const limit = 64 << 10
	for _, tt := range []struct {
		name    string
		url     string
		length  int // of the payload
		text    string
		context any
		result  string
	}{
		{"context behind the payload, as Python sends it", "/ws/t", limit, `{"properties": {}, "payload": "%s", "context": 7}`, 7.0, "error: "},
		{"context before the payload", "/ws/t", limit, `{"context": "8", "payload": "%s"}`, "8", "error: "},
		{"three times the limit", "/ws/t", 3 * limit, `{"payload": "%s", "context": 9}`, 9.0, "error: "},
		{"a little too long", "/ws/t", limit - 20, `{"payload": "%s", "context": 10}`, 10.0, "error: "},
		{"Pulsar's form", "/ws/v2/producer/persistent/public/default/t", limit, `{"payload": "%s", "context": 11}`, "11", "send-error:8"},
		{"the length is not in the payload", "/ws/t", limit, `{"other": "%s", "payload": "", "context": 12}`, 12.0, "error: "},
		{"quotes between the payload and the end", "/ws/t", limit, `{"payload": "", "other": "%s", "context": 13}`, 13.0, "error: "},
		{"no JSON", "/ws/t", limit + 1, `%s`, nil, "error: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, base := serve(t, broker.Config{MaxMessage: limit})
			out := dial(t, base+tt.url)
			write(t, out, tt.text, strings.Repeat("A", tt.length))
			f := read(t, out)
			if !strings.HasPrefix(f.Result, tt.result) || f.Context != tt.context || f.MessageID != "" {
				t.Errorf("answer %+v, want a result %q and the context %v", f, tt.result, tt.context)
			}
			if !strings.Contains(f.Result+f.ErrorMsg, "longer than 65536 bytes") {
				t.Errorf("answer %+v does not name the limit", f)
			}
			write(t, out, `{"payload":"","context":1}`)
			if f := read(t, out); f.Result != "ok" {
				t.Errorf("the next message: %+v", f)
			}
		})
	}
}

func TestAMessageWithoutEndIsCutOff(t *testing.T) {
	b, base := serve(t, broker.Config{MaxMessage: 64 << 10})
	out := dial(t, base+"/ws/t")
	out.WriteMessage(websocket.TextMessage, make([]byte, 4*64<<10+1))
	wantClose(t, out, websocket.CloseMessageTooBig)
	eventually(t, "the socket to go", func() bool { return b.Stats().Sockets == 0 })
	if n := b.Stats().Bytes; n != 0 {
		t.Errorf("%d bytes are counted and nothing is held", n)
	}
}

// Messages that are being read count as well, or many peers at once could fill
// the memory with messages that never end.
func TestUnfinishedMessagesAreCounted(t *testing.T) {
	const limit = 1 << 20
	b, base := serve(t, broker.Config{MaxMessage: limit, MaxBytes: 3 * limit})
	var writers []io.WriteCloser
	for range 2 {
		ws := dial(t, base+"/ws/t")
		w, err := ws.NextWriter(websocket.TextMessage)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, limit)); err != nil {
			t.Fatal(err)
		}
		writers = append(writers, w)
	}
	eventually(t, "the messages to be counted", func() bool { return b.Stats().Bytes > limit })
	// A third would exceed the bound; it is answered, and so is the rest.
	dial(t, base+"/ws/t/s")
	out := dial(t, base+"/ws/t")
	payload := strings.Repeat("A", limit-100)
	var full bool
	for range 3 {
		write(t, out, `{"payload":"%s","context":1}`, payload)
		f := read(t, out)
		full = full || strings.Contains(f.Result, "the broker is full") && f.Context == 1.0
	}
	if !full {
		t.Error("three messages were taken, want one to be refused")
	}
	for _, w := range writers {
		w.Close()
	}
	eventually(t, "the bytes to be given back", func() bool { return b.Stats().Bytes <= 2*(limit+1024) })
}

func TestAPeerThatClosesInTheMiddleOfAFrame(t *testing.T) {
	b, base := serve(t, broker.Config{})
	p := dialFast(t, base+"/ws/t")
	p.w.Write([]byte{0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0}) // 64 KiB are to come
	p.w.Write([]byte(`{"payload":"AAAA`))
	p.flush()
	p.conn.Close()
	c := dialFast(t, base+"/ws/t/s")
	c.w.Write([]byte{0x81})
	c.flush()
	c.conn.Close()
	eventually(t, "both sockets to go", func() bool { return b.Stats().Sockets == 0 && len(b.Stats().Topics) == 0 })
}

func TestProtocolErrorsCloseTheConnection(t *testing.T) {
	for name, bytes := range map[string][]byte{
		"a frame that is not masked":      {0x81, 0x02, '{', '}'},
		"a reserved opcode":               {0x83, 0x80, 0, 0, 0, 0},
		"reserved bits":                   {0xf1, 0x80, 0, 0, 0, 0},
		"a continuation of nothing":       {0x80, 0x80, 0, 0, 0, 0},
		"a control frame in pieces":       {0x09, 0x80, 0, 0, 0, 0},
		"a close frame with one byte":     {0x88, 0x81, 0, 0, 0, 0, 3},
		"a ping of more than 125 bytes":   {0x89, 0xfe, 0, 200, 0, 0, 0, 0},
		"a length of more than 63 bits":   {0x81, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"a text within a text in pieces":  {0x01, 0x81, 0, 0, 0, 0, '{', 0x81, 0x81, 0, 0, 0, 0, '}'},
		"a close frame with a wrong code": {0x88, 0x82, 0, 0, 0, 0, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			b, base := serve(t, broker.Config{})
			for _, url := range []string{"/ws/t", "/ws/t/s"} {
				p := dialFast(t, base+url)
				p.conn.SetDeadline(time.Now().Add(10 * time.Second))
				p.w.Write(bytes)
				p.flush()
				if text, err := p.receive(); err != io.EOF {
					t.Errorf("%s: received %q, %v, want a close frame", url, text, err)
				}
				p.conn.Close()
			}
			eventually(t, "the sockets to go", func() bool { return b.Stats().Sockets == 0 })
		})
	}
}

func TestAMessageInManyFrames(t *testing.T) {
	_, base := serve(t, broker.Config{})
	in, out := dial(t, base+"/ws/t/s"), dialFast(t, base+"/ws/t")
	text := `{"payload":"cGllY2Vz","context":"pieces"}`
	for i := range len(text) {
		opcode := byte(0)
		if i == 0 {
			opcode = 1
		}
		if i == len(text)-1 {
			opcode |= 0x80
		}
		out.w.Write([]byte{opcode, 0x81, 0, 0, 0, 0, text[i]})
		out.w.Write([]byte{0x89, 0x80, 0, 0, 0, 0}) // a ping between any two
	}
	out.flush()
	if f := read(t, in); f.Payload != "cGllY2Vz" {
		t.Errorf("received %+v", f)
	}
	if text, err := out.receive(); err != nil || !strings.Contains(string(text), `"ok"`) {
		t.Errorf("answer %s, %v", text, err)
	}
}

// A consumer whose peer reads nothing must not hold up the producer, nor the
// other consumers, whatever is sent.
func TestASlowSocketHoldsUpNobody(t *testing.T) {
	b, base := serve(t, broker.Config{})
	slow := dialFast(t, base+"/ws/t/slow") // never reads
	defer slow.conn.Close()
	fast, out := dial(t, base+"/ws/t/fast"), dial(t, base+"/ws/t")
	payload := strings.Repeat("A", 500_000)
	for i := range 24 { // 12 MB, more than the kernel buffers
		write(t, out, `{"payload":"%s","context":%d}`, payload, i)
		if f := read(t, out); f.Result != "ok" {
			t.Fatalf("answer %+v", f)
		}
		f := read(t, fast)
		if len(f.Payload) != len(payload) {
			t.Fatalf("received %d characters", len(f.Payload))
		}
		write(t, fast, `{"messageId":"%s"}`, f.MessageID)
	}
	if n := b.Stats().Messages; n != 24 {
		t.Errorf("%d messages are held for the slow consumer, want 24", n)
	}
	slow.conn.Close()
	eventually(t, "its messages to go", func() bool { return b.Stats().Messages == 0 })
}

// A producer that does not read its answers is held up itself.
func TestAProducerThatReadsNoAnswers(t *testing.T) {
	b, base := serve(t, broker.Config{QueueMessages: 1 << 20, WriteTimeout: 200 * time.Millisecond})
	in := dialFast(t, base+"/ws/t/s")
	defer in.conn.Close()
	go discard(in)
	out := dialFast(t, base+"/ws/t")
	defer out.conn.Close()
	out.conn.SetWriteDeadline(time.Now().Add(10 * time.Second))
	var err error
	for err == nil {
		out.send([]byte(`{"payload":""}`))
		if out.w.Buffered() > 60_000 {
			err = out.flush()
		}
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal("the connection was neither held up nor ended")
	}
	eventually(t, "the producer to be cut off", func() bool { return b.Stats().Sockets == 1 })
}

// A consumer that hands one message back for ever, and reads nothing, is held up
// and then cut off; what is queued for it does not grow without end.
func TestAConsumerThatHandsBackForEver(t *testing.T) {
	b, base := serve(t, broker.Config{QueueMessages: 100, WriteTimeout: 200 * time.Millisecond})
	in, out := dialFast(t, base+"/ws/t/s"), dial(t, base+"/ws/t")
	write(t, out, `{"payload":"%s"}`, strings.Repeat("A", 7000))
	read(t, out)
	text, err := in.receive()
	if err != nil {
		t.Fatal(err)
	}
	nack := fmt.Appendf(nil, `{"type":"negativeAcknowledge","messageId":"%s"}`, messageID(text))
	for in.conn.SetWriteDeadline(time.Now().Add(10 * time.Second)); err == nil; err = in.flush() {
		for range 1000 {
			in.send(nack)
		}
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal("the consumer was held up for ever")
	}
	eventually(t, "the consumer to be cut off", func() bool { return b.Stats().Sockets == 1 })
	if n := b.Stats().Messages; n != 1 {
		t.Errorf("%d messages are held, want the one", n)
	}
}

// A worker that stops hands back what it has not begun. That is no delivery, or
// a few restarts would make of any request one that ends its workers.
func TestAReturnedMessageIsNotCounted(t *testing.T) {
	_, base := serve(t, broker.Config{})
	in, out := dial(t, base+"/ws/t/s"), dial(t, base+"/ws/t")
	write(t, out, `{"payload":"MQ=="}`)
	for i := range 5 {
		f := read(t, in)
		if f.RedeliveryCount != 0 {
			t.Fatalf("delivery %d has the count %d", i, f.RedeliveryCount)
		}
		write(t, in, `{"type":"return","messageId":"%s"}`, f.MessageID)
	}
	write(t, in, `{"type":"negativeAcknowledge","messageId":"%s"}`, read(t, in).MessageID)
	if f := read(t, in); f.RedeliveryCount != 1 {
		t.Errorf("after a negative acknowledgement the count is %d", f.RedeliveryCount)
	}
	write(t, in, `{"type":"return","messageId":"nobody's"}`)
	write(t, in, `{"type":"return"}`)
}

func TestShutdownSaysGoodbye(t *testing.T) {
	b, base := serve(t, broker.Config{})
	out, in := dial(t, base+"/ws/t"), dial(t, base+"/ws/t/s")
	const n = 100
	for i := range n {
		write(t, out, `{"payload":"","context":%d}`, i)
	}
	for i := range n - 10 {
		if f := read(t, out); f.Context != float64(i) {
			t.Fatalf("answer %d is %+v", i, f)
		}
	}
	done := make(chan error, 1)
	go func() { done <- b.Shutdown(context.Background()) }()
	wantClose(t, in, websocket.CloseGoingAway)
	wantClose(t, out, websocket.CloseGoingAway)
	if err := <-done; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	_, resp, err := websocket.DefaultDialer.Dial(base+"/ws/t", nil)
	if resp == nil || resp.StatusCode != 503 {
		t.Errorf("a handshake after Shutdown: %v, %v, want 503", resp, err)
	}
	if err := b.Shutdown(context.Background()); err != nil {
		t.Errorf("a second Shutdown: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Errorf("Close after Shutdown: %v", err)
	}
}

// A message that was acknowledged before the broker stopped was acknowledged
// with a frame that arrives: the close frame comes last.
func TestShutdownDrainsAnswers(t *testing.T) {
	b, base := serve(t, broker.Config{})
	out := dial(t, base+"/ws/t")
	const n = 2000
	for i := range n {
		write(t, out, `{"payload":"","context":%d}`, i)
	}
	eventually(t, "all messages to be taken", func() bool { return b.Stats().Received == n })
	go b.Shutdown(context.Background())
	for i := range n {
		if f := read(t, out); f.Result != "ok" {
			t.Fatalf("answer %d is %+v", i, f)
		}
	}
	wantClose(t, out, websocket.CloseGoingAway)
}

// websocket-client, which Python's peers use, never connects again once it has
// received a close frame. It must see the connection end without one.
func TestShutdownSparesPython(t *testing.T) {
	for _, tt := range []struct {
		name   string
		header http.Header
		closed bool
	}{
		{"Python", http.Header{"Origin": {"http://HOST"}, "User-Agent": {""}}, false},
		{"a browser", http.Header{"Origin": {"http://HOST"}, "User-Agent": {"Mozilla/5.0"}}, true},
		{"another page", http.Header{"Origin": {"http://localhost:3000"}}, true},
		{"a program", nil, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, base := serve(t, broker.Config{})
			header := tt.header.Clone()
			if origin := header.Get("Origin"); origin != "" {
				header.Set("Origin", strings.Replace(origin, "HOST", strings.TrimPrefix(base, "ws://"), 1))
			}
			ws, _, err := websocket.DefaultDialer.Dial(base+"/ws/t", header)
			if err != nil {
				t.Fatal(err)
			}
			defer ws.Close()
			write(t, ws, `{"payload":"","context":1}`)
			eventually(t, "the message to be taken", func() bool { return b.Stats().Received == 1 })
			go b.Shutdown(context.Background())
			if f := read(t, ws); f.Result != "ok" {
				t.Errorf("answer %+v", f)
			}
			_, _, err = ws.ReadMessage()
			if closed := websocket.IsCloseError(err, websocket.CloseGoingAway); closed != tt.closed {
				t.Errorf("the connection ended with %v; with a close frame: %t, want %t", err, closed, tt.closed)
			}
		})
	}
}

// Peers that read nothing and answer nothing can't keep the broker from ending.
func TestShutdownEndsWithItsContext(t *testing.T) {
	b, base := serve(t, broker.Config{WriteTimeout: time.Hour})
	slow := dialFast(t, base+"/ws/t/s")
	defer slow.conn.Close()
	out := dial(t, base+"/ws/t")
	for range 14 {
		write(t, out, `{"payload":"%s"}`, strings.Repeat("A", 1<<20))
		read(t, out)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := b.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown: %v, want the context's error", err)
	}
	if n := b.Stats().Sockets; n != 0 {
		t.Errorf("%d sockets are left", n)
	}
}

func TestNothingIsLeftAfterManyClients(t *testing.T) {
	b, base := serve(t, broker.Config{})
	for i := range 50 {
		out, in := dial(t, base+"/ws/t"), dial(t, fmt.Sprintf("%s/ws/t_%d/s", base, i))
		back := dial(t, fmt.Sprintf("%s/ws/t_%d", base, i))
		write(t, back, `{"payload":"","context":1}`)
		f := read(t, in)
		write(t, in, `{"messageId":"%s"}`, f.MessageID)
		out.Close()
		in.Close()
		back.Close()
	}
	eventually(t, "all sockets and topics to go", func() bool {
		st := b.Stats()
		return st.Sockets == 0 && len(st.Topics) == 0 && st.Messages == 0 && st.Bytes == 0
	})
}

// The pings of a client are answered with what they carry.
func TestPingIsAnswered(t *testing.T) {
	_, base := serve(t, broker.Config{})
	ws := dial(t, base+"/ws/t/s")
	pong := make(chan string, 1)
	ws.SetPongHandler(func(text string) error {
		pong <- text
		return nil
	})
	go ws.ReadMessage()
	if err := ws.WriteControl(websocket.PingMessage, []byte("abc"), time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if text := <-pong; text != "abc" {
		t.Errorf("the pong carries %q, want abc", text)
	}
	if err := ws.WriteControl(websocket.PongMessage, []byte("unasked"), time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
}
