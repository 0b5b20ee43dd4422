package broker_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/broker"
)

// A lateLab is a broker in a bubble, and a producer that is told late.
type lateLab struct {
	*testing.T
	broker *broker.Broker
	dialer *websocket.Dialer
	out    *websocket.Conn
}

func inLateLab(t *testing.T, c broker.Config, test func(l *lateLab)) {
	synctest.Test(t, func(t *testing.T) {
		l := &lateLab{T: t}
		l.broker, l.dialer = inMemory(t, c)
		l.out, _ = l.dial("/ws/v2/producer/persistent/public/default/answers")
		test(l)
	})
}

func (l *lateLab) dial(path string) (*websocket.Conn, http.Header) {
	l.Helper()
	ws, resp, err := l.dialer.Dial("ws://broker:80"+path, nil)
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() { ws.Close() })
	return ws, resp.Header
}

// answers reads n answers, without what depends on the broker's identity.
func (l *lateLab) answers(n int) []string {
	l.Helper()
	var list []string
	for range n {
		_, text, err := l.out.ReadMessage()
		if err != nil {
			l.Fatal(err)
		}
		var a struct {
			Result, Context, From string
			Settled               bool
		}
		if err := json.Unmarshal(text, &a); err != nil {
			l.Fatal(err)
		}
		line := a.Context + " " + a.Result
		if a.From != "" {
			line = a.From + "-" + line
		}
		if a.Settled {
			line += " settled"
		}
		list = append(list, line)
	}
	return list
}

func (l *lateLab) want(want ...string) {
	l.Helper()
	if got := l.answers(len(want)); !slices.Equal(got, want) {
		l.Errorf("answers %q, want %q", got, want)
	}
}

func TestLateAnswersComeTogether(t *testing.T) {
	for name, dir := range map[string]string{"in memory": "", "on disk": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			if dir != "" { // what waits for a disk does not stop a bubble's time
				b, base := serve(t, broker.Config{Dir: dir})
				l := &lateLab{T: t, broker: b, out: dial(t, base+"/ws/v2/producer/persistent/public/default/answers")}
				for i := range 100 {
					write(t, l.out, `{"payload":"","context":"%d","dasfLate":true}`, i)
				}
				next := 0
				for next < 100 {
					line := l.answers(1)[0]
					var from, to int
					if n, _ := fmt.Sscanf(line, "%d-%d ok", &from, &to); n < 2 {
						fmt.Sscanf(line, "%d ok", &to)
						from = to
					}
					if from != next || to < from {
						t.Fatalf("answer %q after %d", line, next)
					}
					next = to + 1
				}
				return
			}
			inLateLab(t, broker.Config{}, func(l *lateLab) {
				for i := range 3 {
					write(t, l.out, `{"payload":"","context":"%d","dasfLate":true}`, i)
				}
				start := time.Now()
				l.want("0-2 ok")
				if waited := time.Since(start); waited != 250*time.Millisecond {
					t.Errorf("after %v", waited)
				}
				write(t, l.out, `{"payload":"","context":"3","dasfLate":true}`)
				l.want("3 ok")
				for i := range 40 {
					write(t, l.out, `{"payload":"","context":"%d","dasfLate":true}`, 4+i)
				}
				l.want("4-35 ok", "36-43 ok")
			})
		})
	}
}

// A message that is lost on its way to the broker is not answered with others.
func TestLateAnswersLeaveNoneOutAndAddNone(t *testing.T) {
	inLateLab(t, broker.Config{}, func(l *lateLab) {
		for _, i := range []int{1, 2, 4, 5, 5, 3} {
			write(t, l.out, `{"payload":"","context":"%d","dasfLate":true}`, i)
		}
		l.want("1-2 ok", "4-5 ok", "5 ok", "3 ok")
		for _, context := range []string{`7`, `"x"`, `"-1"`, `"99999999999999999999"`, `null`} {
			write(t, l.out, `{"payload":"","context":%s,"dasfLate":true}`, context)
			_, text, err := l.out.ReadMessage()
			if err != nil || !strings.Contains(string(text), `"ok"`) || strings.Contains(string(text), "from") {
				t.Errorf("context %s: %s, %v", context, text, err)
			}
		}
	})
}

func TestLateAnswersKeepTheirOrder(t *testing.T) {
	inLateLab(t, broker.Config{}, func(l *lateLab) {
		write(t, l.out, `{"payload":"","context":"1","dasfLate":true}`)
		write(t, l.out, `{"payload":"","context":"2","dasfLate":true}`)
		write(t, l.out, `{"payload":"","context":"3"}`)
		write(t, l.out, `{"payload":"","context":"4","dasfLate":true}`)
		write(t, l.out, `{"context":"5","dasfLate":true}`)
		l.want("1-2 ok", "3 ok", "4 ok", "5 send-error:7")
	})
}

// Who does not want to wait any longer sends a ping.
func TestAPingBringsLateAnswers(t *testing.T) {
	inLateLab(t, broker.Config{}, func(l *lateLab) {
		var order []string
		l.out.SetPongHandler(func(string) error {
			order = append(order, "pong")
			return nil
		})
		start := time.Now()
		write(t, l.out, `{"payload":"","context":"1","dasfLate":true}`)
		write(t, l.out, `{"payload":"","context":"2","dasfLate":true}`)
		if err := l.out.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		order = append(order, l.answers(1)...)
		write(t, l.out, `{"payload":"","context":"3"}`)
		order = append(order, l.answers(1)...)
		if want := []string{"1-2 ok", "pong", "3 ok"}; !slices.Equal(order, want) || time.Since(start) != 0 {
			t.Errorf("%q after %v, want %q at once", order, time.Since(start), want)
		}
	})
}

func TestWhoLeavesGetsItsLateAnswers(t *testing.T) {
	inLateLab(t, broker.Config{}, func(l *lateLab) {
		write(t, l.out, `{"payload":"","context":"1","dasfLate":true}`)
		if err := l.out.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(1000, "")); err != nil {
			t.Fatal(err)
		}
		l.want("1 ok")
		wantClose(t, l.out, 1000)
		l.out, _ = l.dial("/ws/v2/producer/persistent/public/default/answers")
		write(t, l.out, `{"payload":"","context":"2","dasfLate":true}`)
		l.out.Close() // and nothing is left that would write to it
		time.Sleep(time.Second)
		synctest.Wait()
		if n := l.broker.Stats().Sockets; n != 0 {
			t.Errorf("%d sockets are left", n)
		}
	})
}

// What a message says to the broker alone reaches no consumer.
func TestLateMembersAreNotPassedOn(t *testing.T) {
	inLateLab(t, broker.Config{}, func(l *lateLab) {
		in, _ := l.dial("/ws/t/s")
		out, _ := l.dial("/ws/t")
		write(t, out, `{"payload":"","context":"1","dasfLate":true,"dasfSettles":"a.b","other":1}`)
		_, text, err := in.ReadMessage()
		if err != nil || strings.Contains(string(text), "dasf") || !strings.Contains(string(text), `"other":1`) {
			t.Errorf("%s, %v", text, err)
		}
	})
}

func TestOneFrameAcknowledgesSeveralMessages(t *testing.T) {
	for name, c := range map[string]broker.Config{"in memory": {}, "on disk": {Dir: t.TempDir()}} {
		t.Run(name, func(t *testing.T) {
			b, base := serve(t, c)
			const topic = "persistent/public/default/answers"
			in := dial(t, base+"/ws/v2/consumer/"+topic+"/s")
			out := dial(t, base+"/ws/v2/producer/"+topic)
			var ids []any
			for i := range 5 {
				write(t, out, `{"payload":"","context":"%d"}`, i)
				read(t, out)
				ids = append(ids, read(t, in).MessageID)
			}
			acknowledged := func(want int64) {
				t.Helper()
				eventually(t, fmt.Sprint(want, " to be acknowledged"), func() bool { return b.Stats().Acknowledged == want })
			}
			write(t, in, `{"type":"acknowledge","messageIds":["%s","%s","%s"]}`, ids[3], ids[0], ids[3])
			acknowledged(2)
			for _, nonsense := range []string{`{"type":"acknowledge"}`, `{"type":"acknowledge","messageIds":[]}`, `{"type":"acknowledge","messageIds":["x",null]}`,
				`{"type":"acknowledge","messageIds":"x"}`} {
				write(t, in, "%s", nonsense)
			}
			write(t, in, `{"type":"acknowledge","messageIds":["x","%s"]}`, ids[2])
			acknowledged(3)
			in.Close()
			eventually(t, "the consumer to be gone", func() bool { return b.Stats().Sockets == 1 })
			in = dial(t, base+"/ws/v2/consumer/"+topic+"/s")
			for _, id := range []any{ids[1], ids[4]} {
				if got := read(t, in).MessageID; got != id {
					t.Errorf("%s comes again, want %s", got, id)
				}
			}
		})
	}
}

func TestAnAnswerSettlesItsRequest(t *testing.T) {
	for name, c := range map[string]broker.Config{"in memory": {}, "on disk": {Dir: t.TempDir()}} {
		t.Run(name, func(t *testing.T) {
			b, base := serve(t, c)
			const topic = "persistent/public/default/requests"
			in, resp, err := websocket.DefaultDialer.Dial(base+"/ws/v2/consumer/"+topic+"/s?subscriptionType=Shared&receiverQueueSize=1", nil)
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			_, token, _ := strings.Cut(resp.Header.Get("Dasf-Broker"), "consumer=")
			requests := dial(t, base+"/ws/v2/producer/"+topic)
			for i := range 2 {
				write(t, requests, `{"payload":"","context":"%d"}`, i)
				read(t, requests)
			}
			first := read(t, in)
			l := &lateLab{T: t, broker: b, out: dial(t, base+"/ws/v2/producer/persistent/public/default/answers")}
			settling := `{"payload":"","context":"%d","dasfSettles":"%s"}`
			for i, wrong := range []string{"", ".", first.MessageID, "." + first.MessageID, "x." + first.MessageID, token + ".", token + ".x",
				token + "." + strings.Repeat("0", 36), token + "x." + first.MessageID} {
				write(t, l.out, settling, i, wrong)
				l.want(fmt.Sprint(i, " ok"))
			}
			if n := b.Stats().Acknowledged; n != 0 {
				t.Fatalf("%d messages were acknowledged", n)
			}
			write(t, l.out, `{"context":"9","dasfSettles":"%s.%s"}`, token, first.MessageID) // refused
			l.want("9 send-error:7")
			if n := b.Stats().Acknowledged; n != 0 {
				t.Fatal("a message that was refused has settled another one")
			}
			write(t, l.out, settling, 10, token+"."+first.MessageID)
			l.want("10 ok settled")
			second := read(t, in) // there is room for it now
			write(t, l.out, settling, 11, token+"."+first.MessageID)
			l.want("11 ok") // once only
			write(t, l.out, `{"payload":"","context":"12","dasfLate":true,"dasfSettles":"%s.%s"}`, token, second.MessageID)
			l.want("12 ok settled")
			if n := b.Stats().Acknowledged; n != 2 {
				t.Errorf("%d messages are acknowledged, want 2", n)
			}
			in.Close()
			eventually(t, "the consumer to be gone", func() bool { return b.Stats().Sockets == 2 })
			write(t, l.out, settling, 13, token+"."+second.MessageID)
			l.want("13 ok")
		})
	}
}
