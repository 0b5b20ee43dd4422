package transport_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/transport"
)

func TestAnswersToASend(t *testing.T) {
	// %s is the context that the message went out with.
	cases := []struct {
		name, answer string
		want         *transport.SendError
		refused      bool
	}{
		{"Django", `{"messageId": "14f94b53-870a-46d7-9f65-6a3a1aa2f45f", "context": "%s", "result": "ok"}`, nil, false},
		{"Django, context an integer", `{"messageId": "14f94b53-870a-46d7-9f65-6a3a1aa2f45f", "context": %s, "result": "ok"}`, nil, false},
		{"Pulsar", `{"result":"ok","messageId":"CAAQADAA","context":"%s","errorCode":0,"schemaVersion":0}`, nil, false},
		{"Pulsar, no base64", `{"result":"send-error:7","errorMsg":"Invalid Base64 message-payload error=Illegal base64 character 20","context":"%s","errorCode":0,"schemaVersion":0}`,
			&transport.SendError{Result: "send-error:7", Message: "Invalid Base64 message-payload error=Illegal base64 character 20"}, false},
		{"Pulsar, no context", `{"result":"send-error:3","errorMsg":"Cannot deserialize","errorCode":0,"schemaVersion":0}%.0s`,
			&transport.SendError{Result: "send-error:3", Message: "Cannot deserialize"}, false},
		{"Django, not allowed to publish", `{"messageId": "x", "context": "%s", "result": "User is not allowed to publish to this topic"}`,
			&transport.SendError{Result: "User is not allowed to publish to this topic"}, true},
		{"Django, not allowed to create", `{"messageId": "x", "context": "%s", "result": "User is not allowed to create topics."}`,
			&transport.SendError{Result: "User is not allowed to create topics."}, true},
		{"Django, no such topic", `{"messageId": "x", "context": "%s", "result": "Topic x does not exist."}`,
			&transport.SendError{Result: "Topic x does not exist."}, true},
		{"embedded broker, full", `{"result":"send-error:8","errorMsg":"subscription is full","context":"%s"}`,
			&transport.SendError{Result: "send-error:8", Message: "subscription is full"}, false},
		{"embedded broker, the disk is the store's", `{"result":"error: the message could not be stored: permission denied","context":"%s"}`,
			&transport.SendError{Result: "error: the message could not be stored: permission denied"}, false},
		{"embedded broker, a store that is full", `{"result":"send-error:8","errorMsg":"the store is full: it may take 16777216 bytes","context":"%s"}`,
			&transport.SendError{Result: "send-error:8", Message: "the store is full: it may take 16777216 bytes"}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				p, broker := l.produce(l.plain(), "topic")
				result := l.send(p, "hello")
				context, payload := broker.readContext()
				if payload != "hello" {
					t.Errorf("the broker got %q", payload)
				}
				l.waits(result)
				broker.write(c.answer, context)
				err := l.result(result)
				got, _ := errors.AsType[*transport.SendError](err)
				if d := cmp.Diff(c.want, got); d != "" || (err == nil) != (c.want == nil) {
					t.Fatalf("Send: %v, -want +got:\n%s", err, d)
				}
				if got != nil && got.Refused() != c.refused {
					t.Errorf("Refused() of %v is %v", got, got.Refused())
				}
				if got != nil && got.Unstored() != strings.Contains(c.name, "store") {
					t.Errorf("Unstored() of %v is %v", got, got.Unstored())
				}
				next := l.send(p, "next")
				broker.ok()
				if err := l.result(next); err != nil {
					t.Errorf("the next Send: %v", err)
				}
			})
		})
	}
}

func TestAnswersInAnyOrderReachTheRightSend(t *testing.T) {
	inLab(t, func(l *lab) {
		p, broker := l.produce(l.plain(), "topic")
		results := make(map[string]<-chan error)
		contexts := make(map[string]string)
		for _, text := range []string{"a", "b", "c"} {
			results[text] = l.send(p, text)
			context, payload := broker.readContext()
			contexts[payload] = context
		}
		broker.write(`{"context":%q,"result":"send-error:9"}`, contexts["b"])
		if err := l.result(results["b"]); err == nil {
			t.Error("b: no error")
		}
		l.waits(results["a"])
		broker.write(`{"context":"not ours","result":"ok"}`)
		broker.write(`{"context":999,"result":"ok"}`)
		broker.write(`{"result":"send-error:3"}`) // for the oldest that waits: a
		if err := l.result(results["a"]); err == nil {
			t.Error("a: no error")
		}
		broker.write(`{"context":%q,"result":"ok"}`, contexts["a"]) // too late
		l.waits(results["c"])
		broker.write(`{"result":"send-error:3"}`)
		if err := l.result(results["c"]); err == nil {
			t.Error("c: no error")
		}
		broker.write(`{"result":"send-error:3"}`) // for nobody
		synctest.Wait()
		next := l.send(p, "next")
		broker.ok()
		if err := l.result(next); err != nil {
			t.Errorf("the next Send: %v", err)
		}
	})
}

func TestAnswersThatCantBeReadAreLoggedOnceEach(t *testing.T) {
	for _, frame := range []string{``, `hello`, `[]`, `null`, `{}`, `{"context":"1"}`, `{"result":{}}`, `{"result":"ok"`, "{\"result\":\"\xff\"}"} {
		t.Run(frame, func(t *testing.T) {
			inLab(t, func(l *lab) {
				p, broker := l.produce(l.plain(), "topic")
				broker.write("%s", frame)
				result := l.send(p, "next")
				broker.ok()
				if err := l.result(result); err != nil {
					t.Errorf("the next Send: %v", err)
				}
				if lines := l.log.lines("ignoring a frame"); len(lines) != 1 {
					t.Errorf("%d log lines: %q, want one", len(lines), lines)
				}
			})
		})
	}
}

func TestAMessageIsWrittenAsPeersReadIt(t *testing.T) {
	inLab(t, func(l *lab) {
		p, broker := l.produce(l.plain(), "topic")
		m := &transport.Message{
			Key: "K", Context: "ignored", ID: "ignored",
			Properties: map[string]string{"response_topic": "t_aroEhfGH", "requestContext": "0", "messageType": "request", "ü": "é😀\x7f"},
		}
		m.SetBytes([]byte("hello"))
		go p.Send(l.Context(), m)
		want := `{"context":"1","key":"K","properties":{"messageType":"request","requestContext":"0","response_topic":"t_aroEhfGH","\u00fc":"\u00e9\ud83d\ude00` + "\x7f" + `"},"payload":"aGVsbG8="}`
		if got := broker.read(); got != want {
			t.Errorf("the broker got  %s\nwant            %s", got, want)
		}
	})
}

func TestTooLargeIsJudgedByTheEnvelope(t *testing.T) {
	inLab(t, func(l *lab) {
		l.header.Set("Dasf-Broker", "1; redelivers=true; max-frame=1000")
		p, broker := l.produce(l.plain(), "topic")
		head := len(`{"context":"1","properties":{},"payload":""}`)
		fits := &transport.Message{Payload: []byte(strings.Repeat("A", 1000-head))}
		go p.Send(l.Context(), fits)
		if n := len(broker.read()); n != 1000 {
			t.Errorf("the envelope has %d bytes, want 1000", n)
		}
		fits.Payload = append(fits.Payload, 'A')
		err := p.Send(l.Context(), fits)
		if want := "message is too large for the broker: its envelope has 1001 bytes, the limit is 1000"; !errors.Is(err, transport.ErrTooLarge) || err.Error() != want {
			t.Errorf("Send: %v, want %q", err, want)
		}
		broker.silent()
	})
}

func TestASendThatHadNoAnswerIsSentAgainInOrder(t *testing.T) {
	inLab(t, func(l *lab) {
		p, first := l.produce(l.plain(), "topic")
		var results []<-chan error
		for i := range 5 {
			results = append(results, l.send(p, fmt.Sprint(i)))
			synctest.Wait()
		}
		if got := first.ok(); got != "0" {
			t.Fatalf("the first message is %q", got)
		}
		first.readContext() // 1 has arrived, its answer is lost
		first.end()
		second := l.next()
		for i := 1; i < 5; i++ {
			if got := second.ok(); got != fmt.Sprint(i) {
				t.Errorf("after the reconnect the broker got %q, want %d", got, i)
			}
		}
		for i, r := range results {
			if err := l.result(r); err != nil {
				t.Errorf("Send %d: %v", i, err)
			}
		}
		second.silent()
	})
}

func TestASendWhoseContextEndedIsNotSentAgain(t *testing.T) {
	inLab(t, func(l *lab) {
		p, first := l.produce(l.plain(), "topic")
		ctx, cancel := context.WithCancel(l.Context())
		given := l.sendWithin(ctx, p, "given up on the wire")
		first.readContext()
		kept := l.send(p, "kept")
		first.readContext()
		cancel()
		if err := l.result(given); !errors.Is(err, context.Canceled) {
			t.Errorf("Send: %v", err)
		}
		first.end()
		synctest.Wait()
		ctx, cancel = context.WithCancel(l.Context())
		waiting := l.sendWithin(ctx, p, "given up while away")
		synctest.Wait()
		cancel()
		if err := l.result(waiting); !errors.Is(err, context.Canceled) {
			t.Errorf("Send: %v", err)
		}
		second := l.next()
		if got := second.ok(); got != "kept" {
			t.Errorf("the broker got %q", got)
		}
		if err := l.result(kept); err != nil {
			t.Errorf("Send: %v", err)
		}
		second.silent()
	})
}

func TestAMessageThatClosesTheConnectionIsGivenUpAndHarmsNoOther(t *testing.T) {
	// Django closes with 1011 over a response_topic of another topic, over a
	// requestContext that is a word …: dasf-broker-django, models.py.
	inLab(t, func(l *lab) {
		p, broker := l.produce(l.plain(), "topic")
		texts := []string{"good 0", "good 1", "poison", "good 2", "good 3"}
		results := make(map[string]<-chan error)
		for _, text := range texts {
			results[text] = l.send(p, text)
			synctest.Wait()
		}
		var got []string
		for closes := 0; closes < 4; {
			context, payload := broker.readContext()
			if payload == "poison" {
				closes++
				broker.bye(websocket.CloseInternalServerErr, "IntegrityError")
				if closes < 4 {
					broker = l.next()
				}
				continue
			}
			got = append(got, payload)
			broker.write(`{"context":%q,"result":"ok"}`, context)
		}
		err := l.result(results["poison"])
		want := &transport.SendError{Result: "closed 1011", Message: "broker closed the connection 3 times over this message: IntegrityError"}
		sendErr, _ := errors.AsType[*transport.SendError](err)
		if d := cmp.Diff(want, sendErr); d != "" {
			t.Errorf("Send of the poison: %v, -want +got:\n%s", err, d)
		}
		broker = l.next()
		got = append(got, broker.ok(), broker.ok())
		for _, text := range texts {
			if text != "poison" {
				if err := l.result(results[text]); err != nil {
					t.Errorf("Send of %q: %v", text, err)
				}
			}
		}
		if d := cmp.Diff([]string{"good 0", "good 1", "good 2", "good 3"}, got); d != "" {
			t.Errorf("the broker got, -want +got:\n%s", d)
		}
		next := []<-chan error{l.send(p, "next"), l.send(p, "and next")}
		broker.ok()
		broker.ok()
		for _, r := range next {
			if err := l.result(r); err != nil {
				t.Errorf("the next Send: %v", err)
			}
		}
	})
}

func TestABrokerThatRestartsIsNoMessagesFault(t *testing.T) {
	inLab(t, func(l *lab) {
		p, broker := l.produce(l.plain(), "topic")
		result := l.send(p, "hello")
		for range 10 {
			broker.readContext()
			broker.bye(websocket.CloseGoingAway, "Container being shut down")
			broker = l.next()
		}
		l.waits(result)
		broker.ok()
		if err := l.result(result); err != nil {
			t.Errorf("Send: %v", err)
		}
	})
}

func TestSendsBeyondTheWindowWaitForAnswers(t *testing.T) {
	inLab(t, func(l *lab) {
		p, broker := l.produce(l.plain(), "topic")
		const sends = 1100
		results := make([]<-chan error, sends)
		for i := range results {
			results[i] = l.send(p, fmt.Sprint(i))
		}
		contexts := make([]string, 0, sends)
		for len(contexts) < 1000 {
			context, _ := broker.readContext()
			contexts = append(contexts, context)
		}
		// A deadline that passes would end the broker's end: ask with an answer.
		broker.write(`{"context":%q,"result":"ok"}`, contexts[0])
		context, _ := broker.readContext()
		if context != "1001" {
			t.Errorf("after one answer came message %s, want 1001", context)
		}
		for _, context := range append(contexts[1:], context) {
			broker.write(`{"context":%q,"result":"ok"}`, context)
		}
		for range sends - 1001 {
			broker.ok()
		}
		for i, r := range results {
			if err := l.result(r); err != nil {
				t.Errorf("Send %d: %v", i, err)
			}
		}
	})
}

// Pulsar's non-persistent topics lose what is under way at once like one
// message of that size.
func TestWhatIsUnderWayAtOnceIsBoundedWhereTheBrokerDrops(t *testing.T) {
	inLab(t, func(l *lab) {
		p, broker := l.produce(transport.Pulsar("broker:80", transport.PulsarOptions{Options: l.options()}), "topic")
		piece := strings.Repeat("x", 48_000)
		var results []<-chan error
		for _, text := range []string{piece, piece, "small", "small", piece} {
			results = append(results, l.send(p, text))
			synctest.Wait() // in this order
		}
		for _, want := range []int{1, 3, 1} {
			var contexts []string
			for range want {
				context, _ := broker.readContext()
				contexts = append(contexts, context)
			}
			broker.silent()
			for _, context := range contexts {
				broker.write(`{"context":%q,"result":"ok"}`, context)
			}
		}
		for i, r := range results {
			if err := l.result(r); err != nil {
				l.Errorf("Send %d: %v", i, err)
			}
		}
	})
}

func TestALostAnswerDoesNotKeepOthersBackForLong(t *testing.T) {
	inLab(t, func(l *lab) {
		p, broker := l.produce(transport.Pulsar("broker:80", transport.PulsarOptions{Options: l.options()}), "topic")
		piece := strings.Repeat("x", 48_000)
		first := l.send(p, piece)
		lost, _ := broker.readContext()
		begin := time.Now()
		second := l.send(p, piece)
		context, _ := broker.readContext()
		if took := time.Since(begin); took < 200*time.Millisecond || took > time.Second {
			l.Errorf("it was kept back for %v", took)
		}
		third := l.send(p, piece)
		broker.silent()
		broker.write(`{"context":%q,"result":"ok"}`, context)
		context, _ = broker.readContext()
		for _, context := range []string{context, lost} {
			broker.write(`{"context":%q,"result":"ok"}`, context)
		}
		for _, r := range []<-chan error{first, second, third} {
			if err := l.result(r); err != nil {
				t.Error(err)
			}
		}
	})
}

// Each send that had to wait began the 250 ms anew.
func TestALostAnswerDoesNotKeepOthersBackWhileMoreAreSent(t *testing.T) {
	inLab(t, func(l *lab) {
		p, broker := l.produce(transport.Pulsar("broker:80", transport.PulsarOptions{Options: l.options()}), "topic")
		piece := strings.Repeat("x", 48_000)
		l.send(p, piece)
		broker.readContext() // and never answered
		begin := time.Now()
		for range 10 {
			l.send(p, piece)
			time.Sleep(100 * time.Millisecond)
		}
		broker.readContext()
		if took := time.Since(begin); took > time.Second { // it has come meanwhile
			l.Errorf("they were kept back for %v", took)
		}
	})
}

func TestCloseEndsSendsAndIsDoneSoon(t *testing.T) {
	inLab(t, func(l *lab) {
		p, broker := l.produce(l.plain(), "topic")
		written := l.send(p, "written")
		broker.readContext()
		broker.end()
		synctest.Wait()
		waiting := l.send(p, "waiting")
		synctest.Wait()
		begin := time.Now()
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if d := time.Since(begin); d > time.Second {
			t.Errorf("Close took %v", d)
		}
		for _, r := range []<-chan error{written, waiting} {
			if err := l.result(r); !errors.Is(err, transport.ErrClosed) {
				t.Errorf("Send: %v, want ErrClosed", err)
			}
		}
	})
}

// A network does not lose a frame, but a proxy in between may.
func TestALostAcknowledgementIsNoticedWhilePingsAreAnswered(t *testing.T) {
	inLab(t, func(l *lab) {
		p, first := l.produce(l.plain(), "topic")
		result := l.send(p, "hello")
		first.readContext() // and say nothing
		first.pump()        // answers pings
		time.Sleep(29 * time.Second)
		l.waits(result)
		if got := l.next().ok(); got != "hello" {
			t.Errorf("the next connection got %q", got)
		}
		if err := l.result(result); err != nil {
			t.Errorf("Send: %v", err)
		}
	})
}

func TestAcknowledgementsThatComeSlowlyAreWaitedFor(t *testing.T) {
	inLab(t, func(l *lab) {
		p, broker := l.produce(l.plain(), "topic")
		var results []<-chan error
		for i := range 5 {
			results = append(results, l.send(p, fmt.Sprint(i)))
			synctest.Wait()
		}
		for i := range 5 {
			time.Sleep(20 * time.Second)
			if got := broker.ok(); got != fmt.Sprint(i) {
				t.Errorf("the broker got %q, want %d", got, i)
			}
		}
		for i, r := range results {
			if err := l.result(r); err != nil {
				t.Errorf("Send %d: %v", i, err)
			}
		}
	})
}

func TestALostAcknowledgementDoesNotHideBehindLaterOnes(t *testing.T) {
	inLab(t, func(l *lab) {
		p, first := l.produce(l.plain(), "topic")
		lost := l.send(p, "lost")
		first.readContext()
		for range 5 {
			time.Sleep(5 * time.Second)
			later := l.send(p, "later")
			first.ok()
			if err := l.result(later); err != nil {
				t.Errorf("Send: %v", err)
			}
		}
		first.pump()
		if got := l.next().ok(); got != "lost" {
			t.Errorf("the next connection got %q", got)
		}
		if err := l.result(lost); err != nil {
			t.Errorf("Send: %v", err)
		}
	})
}
