package broker_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/broker"
)

// What is read in several frames lies in memory that others use afterwards.
func TestMessagesInSeveralFramesDoNotTouchEachOther(t *testing.T) {
	_, base := serve(t, broker.Config{MaxMessage: 1 << 20})
	var wg sync.WaitGroup
	for i := range 4 {
		topic := fmt.Sprintf("%s/ws/t%d", base, i)
		in, out := dial(t, topic+"/s"), dial(t, topic)
		wg.Go(func() {
			for n := range 12 {
				fill := fmt.Sprintf("%02d%02d", i, n)
				body := strings.Repeat(fill, 10_000*(1+n%7))
				if n == 10 { // is refused, and what was read of it is given back
					body = strings.Repeat(fill, 300_000)
				}
				text := fmt.Sprintf(`{"payload":%q,"context":"%d"}`, body, n)
				if err := writeInFrames(out, text); err != nil {
					t.Error(err)
					return
				}
				answer := receive(t, out)
				if refused := strings.Contains(answer, "error"); refused != (n == 10) {
					t.Errorf("message %d: %s", n, answer)
				}
				if n == 10 {
					continue
				}
				got := receive(t, in)
				if !strings.Contains(got, `"`+body+`"`) {
					t.Errorf("message %d came out wrong: %.200s", n, got)
				}
				acknowledgeText(in, got)
			}
		})
	}
	wg.Wait()
}

// writeInFrames writes a message in frames of 20,000 bytes.
func writeInFrames(ws *websocket.Conn, text string) error {
	w, err := ws.NextWriter(websocket.TextMessage)
	if err != nil {
		return err
	}
	for len(text) > 0 {
		n := min(len(text), 20_000)
		if _, err := w.Write([]byte(text[:n])); err != nil {
			return err
		}
		text = text[n:]
	}
	return w.Close()
}

func acknowledgeText(ws *websocket.Conn, text string) {
	_, rest, _ := strings.Cut(text, `"messageId":"`)
	id, _, _ := strings.Cut(rest, `"`)
	_ = ws.WriteMessage(websocket.TextMessage, []byte(`{"messageId":"`+id+`"}`))
}
