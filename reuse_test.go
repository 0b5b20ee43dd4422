package dasf_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/transport"
)

type fillRequest struct {
	Text string `json:"text"`
	N    int    `json:"n"`
}

// runFill runs a backend whose function fill makes texts of any length.
func runFill(t *testing.T, b transport.Broker, c dasf.Config) {
	t.Helper()
	startModule(t, b, c, dasf.Func("fill", func(_ context.Context, r fillRequest) (string, error) {
		return strings.Repeat(r.Text, r.N), nil
	}))
}

const manyTexts = 400_000 // of four characters, enough for their memory to be used again

func TestAnAnswerThatMayBeSentAgainIsNotWrittenOver(t *testing.T) {
	b := transport.Memory()
	runFill(t, b, dasf.Config{})
	p := newRawPeer(t, b, "topic")
	var inbox string
	// check receives the pieces of an answer.
	check := func(id int) {
		t.Helper()
		var text strings.Builder
		for i := 0; text.Len() < 4*manyTexts+2; i++ {
			props, piece := p.receive()
			if props["requestContext"] != fmt.Sprint(id) || props["fragment"] != fmt.Sprint(i) {
				t.Fatalf("instead of piece %d of answer %d: %v", i, id, props)
			}
			inbox = props["inbox"]
			text.WriteString(piece)
		}
		if want := `"` + strings.Repeat(fmt.Sprintf("%04d", id), manyTexts) + `"`; text.String() != want {
			t.Errorf("answer %d: %d bytes, %.20s", id, text.Len(), text.String())
		}
	}
	ask := func(from, to int) {
		t.Helper()
		for id := from; id < to; id++ {
			p.send("request", fmt.Sprint(id), fmt.Sprintf(`{"func_name":"fill","text":"%04d","n":%d}`, id, manyTexts), "dasf", "1")
			check(id)
		}
	}
	const answers = 6
	ask(0, answers)
	out, err := b.Produce(t.Context(), inbox)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	for round := range 2 { // what is sent again is kept all the same
		for id := range answers {
			if err := out.Send(t.Context(), &transport.Message{Properties: map[string]string{
				"messageType": "resend", "requestContext": fmt.Sprint(id), "caller": p.reply, "dasf": "1"}}); err != nil {
				t.Fatal(err)
			}
			check(id)
		}
		ask((round+1)*answers, (round+2)*answers)
	}
}

func TestAnAnswerThatMiddlewareKeepsIsNotWrittenOver(t *testing.T) {
	b := transport.Memory()
	var kept []json.RawMessage
	runFill(t, b, dasf.Config{Middleware: []dasf.Middleware{func(next dasf.Handler) dasf.Handler {
		return func(ctx context.Context, request json.RawMessage) (json.RawMessage, error) {
			response, err := next(ctx, request)
			kept = append(kept, response)
			return response, err
		}
	}}, ResendBytes: 1})
	c := dial(t, b)
	for i := range 6 {
		if _, err := dasf.Call[string](t.Context(), c, "fill", fillRequest{fmt.Sprintf("%04d", i), manyTexts}); err != nil {
			t.Fatal(err)
		}
	}
	for i, response := range kept {
		if want := `"` + strings.Repeat(fmt.Sprintf("%04d", i), manyTexts) + `"`; string(response) != want {
			t.Errorf("answer %d was written over: %.20s", i, response)
		}
	}
}

func TestLongAndShortAnswersInTurn(t *testing.T) {
	b := transport.Memory()
	runFill(t, b, dasf.Config{ResendBytes: 1})
	c := dial(t, b)
	for i, n := range []int{manyTexts, manyTexts, 10, manyTexts - 5, 1, manyTexts + 1000, 300_000, 2 * manyTexts, manyTexts} {
		for _, text := range []string{fmt.Sprintf("%04d", i), fmt.Sprintf("%03d\"", i)} {
			got, err := dasf.Call[string](t.Context(), c, "fill", fillRequest{text, n})
			if err != nil || got != strings.Repeat(text, n) {
				t.Errorf("answer %d: %d bytes, %.20s, %v", i, len(got), got, err)
			}
		}
	}
}
