package broker

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/internal/envelope"
	"github.com/dasf-go/dasf/internal/pipenet"
)

// addConversations seeds a fuzz target with every frame of the conversations.
func addConversations(f *testing.F, add func(text string)) {
	files, err := filepath.Glob("testdata/conversations/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatalf("no conversations: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSuffix(line, "\n")
			if _, frame, ok := strings.Cut(line, " > "); ok {
				add(frame)
			} else if _, frame, ok := strings.Cut(line, " >text "); ok {
				if text, err := strconv.Unquote(frame); err == nil {
					add(text)
				}
			}
		}
	}
}

// FuzzProduce feeds a producer with any frame: each has exactly one answer, or
// closes the connection for not being UTF-8; what is taken is delivered as JSON
// that says the same in both forms.
func FuzzProduce(f *testing.F) {
	addConversations(f, func(text string) {
		f.Add([]byte(text), false)
		f.Add([]byte(text), true)
	})
	f.Add([]byte(`{"payload":"","context":"1","dasfLate":true,"dasfSettles":"a.b"}`), true)
	f.Add([]byte(`{"context":"18446744073709551615","dasfLate":true,"dasfSettles":7}`), false)
	b, err := New(Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { b.Close() })
	f.Fuzz(func(t *testing.T, text []byte, pulsar bool) {
		e := &engine{t, b}
		topic := e.topic("t")
		in := e.join(topic, "s", consumerOptions{})
		s := newSocket(b, endpoint{topic: "t"}, topic, "fuzz")
		if pulsar {
			s.form = envelope.Pulsar
		}
		s.produce(websocket.TextMessage, bytes.Clone(text), nil)
		s.mu.Lock()
		s.begin() // also the late answer
		answers := frames(t, s.frames)
		s.mu.Unlock()
		if s.closing {
			if len(in.got) > 0 {
				t.Fatal("a text that closes the connection was taken")
			}
			in.leave()
			return
		}
		if len(answers) != 1 {
			t.Fatalf("%d answers, want one: %s", len(answers), answers)
		}
		var answer struct{ Result string }
		if err := json.Unmarshal(answers[0], &answer); err != nil {
			t.Fatalf("answer %s: %v", answers[0], err)
		}
		if ok := answer.Result == "ok"; ok != (len(in.got) == 1) || !ok && !strings.Contains(answer.Result, "error") {
			t.Fatalf("answer %s and %d deliveries", answers[0], len(in.got))
		}
		for _, d := range in.got {
			checkDelivery(t, text, d.delivery)
			topic.ack(in.consumer, d.entry.msg.seq)
		}
		in.leave()
		e.wantHeld(0)
	})
}

// checkDelivery compares what is delivered with what came, by the decoder of
// the standard library.
func checkDelivery(t *testing.T, text []byte, d delivery) {
	t.Helper()
	var sent, plain, pulsar map[string]any
	decode(t, text, &sent)
	decode(t, d.entry.msg.appendText(nil, d.entry.msg.content.Load(), envelope.Plain, 3), &plain)
	decode(t, d.entry.msg.appendText(nil, d.entry.msg.content.Load(), envelope.Pulsar, 3), &pulsar)
	for _, got := range []map[string]any{plain, pulsar} {
		if got["messageId"] != d.entry.msg.id || got["redeliveryCount"] != json.Number("3") {
			t.Fatalf("delivered %v, want the id %s and 3 redeliveries", got, d.entry.msg.id)
		}
		if payload, ok := sent["payload"].(string); ok && got["payload"] != payload {
			t.Fatalf("payload %q was sent, %q delivered", payload, got["payload"])
		}
	}
	properties, ok := pulsar["properties"].(map[string]any)
	if !ok {
		t.Fatalf("delivered %v in Pulsar's form, want properties", pulsar)
	}
	for name, value := range properties {
		if _, ok := value.(string); !ok {
			t.Fatalf("property %q is %v in Pulsar's form, want a string", name, value)
		}
	}
	if want, ok := sent["properties"].(map[string]any); ok {
		got, _ := plain["properties"].(map[string]any)
		a, _ := json.Marshal(want)
		b, _ := json.Marshal(got)
		if !bytes.Equal(a, b) {
			t.Fatalf("properties %s were sent, %s delivered", a, b)
		}
	}
}

func decode(t *testing.T, text []byte, v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
}

// frames takes the text frames of a queue apart.
func frames(t *testing.T, queue []byte) (texts [][]byte) {
	t.Helper()
	for len(queue) > 0 {
		opcode, n, at := queue[0]&0x0f, int(queue[1]), 2
		switch n {
		case 126:
			n, at = int(queue[2])<<8|int(queue[3]), 4
		case 127:
			n, at = int(queue[6])<<24|int(queue[7])<<16|int(queue[8])<<8|int(queue[9]), 10
		}
		if opcode == opText {
			texts = append(texts, queue[at:at+n])
		}
		queue = queue[at+n:]
	}
	return texts
}

// FuzzConsume feeds a consumer that has messages with any frame. None of them
// may upset the numbers.
func FuzzConsume(f *testing.F) {
	addConversations(f, func(text string) { f.Add([]byte(text)) })
	f.Add([]byte(`{"messageId":"$1"}`))
	f.Add([]byte(`{"messageId":"$2","type":"negativeAcknowledge"}`))
	f.Add([]byte(`{"messageId":"$2","type":"return"}`))
	f.Add([]byte(`{"type":"acknowledge","messageIds":["$1","$3","$1","x",""]}`))
	f.Add([]byte(`{"type":"acknowledge","messageIds":["$2",7,"$1"]}`))
	f.Add([]byte(`{"type":"permit","permitMessages":9223372036854775807}`))
	f.Add([]byte(`{"type":"window","permitMessages":9223372036854775807}`))
	f.Add([]byte(`{"type":"window","permitMessages":-9223372036854775808}`))
	b, err := New(Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { b.Close() })
	f.Fuzz(func(t *testing.T, text []byte) {
		m := &model{engine: &engine{t, b}, unacked: make(map[*consumer]int)}
		m.topic = m.engine.topic("t")
		s := newSocket(b, endpoint{topic: "t"}, m.topic, "fuzz")
		for _, o := range []consumerOptions{{window: 2}, {kind: Exclusive, pull: true}, {kind: Shared, durable: true, nackDelay: time.Hour, window: 1}} {
			c, err := m.topic.subscribe("s"+string(o.kind), o, s)
			if err != nil {
				t.Fatal(err)
			}
			s.consumer = c
			m.send(m.topic, "1 2 3 p:ping")
			for i := range uint64(4) {
				id := b.identities.id(b.lastSeq.Load() - 3 + i)
				text = bytes.ReplaceAll(text, []byte{'$', byte('1' + i)}, []byte(id))
			}
			s.consume(websocket.TextMessage, text)
			m.check()
			m.topic.remove(c)
			m.check()
		}
		m.wantHeld(0)
	})
}

// FuzzConnection sends any bytes to a socket after its handshake. The
// connection must end, with everything that belongs to it.
func FuzzConnection(f *testing.F) {
	f.Add([]byte{0x81, 0x82, 0, 0, 0, 0, '{', '}'}, true)
	f.Add([]byte{0x81, 0x82, 1, 2, 3, 4, '{' ^ 1, '}' ^ 2, 0x89, 0x80, 0, 0, 0, 0, 0x88, 0x82, 0, 0, 0, 0, 3, 0xe8}, false)
	f.Add([]byte{0x01, 0x81, 0, 0, 0, 0, '{', 0x80, 0x81, 0, 0, 0, 0, '}'}, true)
	f.Add([]byte{0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}, true)
	f.Add([]byte{0x81, 0xfe, 0xff, 0xff, 0, 0, 0, 0, '{'}, true)
	f.Fuzz(func(t *testing.T, bytes []byte, produce bool) {
		b, err := New(Config{MaxMessage: 1024})
		if err != nil {
			t.Fatal(err)
		}
		network := new(pipenet.Network)
		l, err := network.Listen("broker:80")
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: b}
		go server.Serve(l)
		defer server.Close()
		conn, err := network.Dial(t.Context(), "tcp", "broker:80")
		if err != nil {
			t.Fatal(err)
		}
		path := "/ws/t"
		if !produce {
			path = "/ws/t/s"
		}
		io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: broker\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
		answered := make(chan struct{})
		go func() {
			defer close(answered)
			io.Copy(io.Discard, conn)
		}()
		conn.Write(bytes) // fails when the broker has closed before the end
		conn.Close()
		<-answered
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		if st := b.Stats(); st.Sockets != 0 || st.Bytes-keptBytesOf(st) != 0 {
			t.Errorf("after the connection has ended: %+v", st)
		}
	})
}

// keptBytesOf is what a producer's messages may have left behind.
func keptBytesOf(st Stats) (n int64) {
	for _, topic := range st.Topics {
		n += topic.KeptBytes
	}
	return n
}
