// Package measure calls a backend in a closed loop and says how fast that was.
package measure

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/dasf-go/dasf"
)

// A Load is what is asked of a backend that has [Members].
type Load struct {
	// Payload is the size in bytes of the text in each request.
	Payload int `json:"payload"`
	// Answer is the size in bytes of the text in each response. 0: the text of
	// the request comes back.
	Answer int `json:"answer,omitempty"`
	// Values is the number of float64 in each response, instead of a text.
	Values int `json:"values,omitempty"`
	// InFlight is how many calls are under way at once, of all clients
	// together.
	InFlight int `json:"in_flight"`
	// Clients is how many clients call, each with sockets of its own. They
	// take turns.
	Clients int `json:"clients"`
	// WarmUp is the time before anything is counted.
	WarmUp time.Duration `json:"warm_up"`
	// Duration is the time that is counted. A call that has begun is waited
	// for, so that one that takes longer is counted too.
	Duration time.Duration `json:"duration"`
}

// String is a short name of the load.
func (l Load) String() string {
	switch {
	case l.Values > 0:
		return fmt.Sprintf("%d values back", l.Values)
	case l.Answer > 0:
		return Bytes(l.Answer) + " back"
	}
	return Bytes(l.Payload) + " and back"
}

// Bytes writes a number of bytes with the largest unit, a power of 1024, that
// leaves a whole number.
func Bytes(n int) string {
	unit := 0
	for n >= 1024 && n%1024 == 0 && unit < 3 {
		n /= 1024
		unit++
	}
	return fmt.Sprintf("%d %s", n, [...]string{"B", "KiB", "MiB", "GiB"}[unit])
}

// A Result says how fast a load was handled.
type Result struct {
	// Calls is the number of calls that ended within the time that is counted,
	// All that of all calls.
	Calls int `json:"calls"`
	All   int `json:"all_calls"`
	// Seconds is the time that is counted.
	Seconds float64 `json:"seconds"`
	// Bytes is the length of the JSON of the counted requests and responses.
	Bytes int64 `json:"bytes"`
	// P50, P90, P99 and Max are the times that calls took.
	P50 time.Duration `json:"p50_ns"`
	P90 time.Duration `json:"p90_ns"`
	P99 time.Duration `json:"p99_ns"`
	Max time.Duration `json:"max_ns"`
}

// PerSecond is the number of calls in a second.
func (r Result) PerSecond() float64 { return float64(r.Calls) / r.Seconds }

// MBPerSecond is the length of the JSON both ways in a second, in 10^6 bytes.
func (r Result) MBPerSecond() float64 { return float64(r.Bytes) / r.Seconds / 1e6 }

type textRequest struct {
	Text string `json:"text"`
	Size int    `json:"size" default:"0" validate:"gte=0"`
}

type valuesRequest struct {
	Count int `json:"count" validate:"gte=0"`
}

// Members are the functions that a [Load] calls. What they return is made once,
// since to make it is not what is measured.
func Members() []*dasf.Member {
	var texts, values once
	return []*dasf.Member{
		dasf.Func("text", func(_ context.Context, r textRequest) (string, error) {
			if r.Size == 0 {
				return r.Text, nil
			}
			return texts.get(r.Size, func(n int) any { return strings.Repeat("x", n) }).(string), nil
		}),
		dasf.Func("values", func(_ context.Context, r valuesRequest) ([]float64, error) {
			return values.get(r.Count, func(n int) any { return Values(n) }).([]float64), nil
		}),
	}
}

// once keeps what was made last, of one size.
type once struct {
	mu   sync.Mutex
	size int
	made any
}

func (o *once) get(size int, produce func(size int) any) any {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.made == nil || o.size != size {
		o.size, o.made = size, produce(size)
	}
	return o.made
}

// Values are n numbers of full precision between 0 and 1, the same each time.
func Values(n int) []float64 {
	values := make([]float64, n)
	state := uint64(1)
	for i := range values {
		state = state*6364136223846793005 + 1442695040888963407 // Knuth's MMIX
		values[i] = float64(state>>11) / (1 << 53)
	}
	return values
}

// Run makes the calls of a load to a backend that has [Members].
func (l Load) Run(ctx context.Context, clients []*dasf.Client) (Result, error) {
	call := l.call()
	calls := make([]Call, len(clients))
	for i, client := range clients {
		calls[i] = func(ctx context.Context) (int, error) { return call(ctx, client) }
	}
	return l.Loop(ctx, calls)
}

// call returns a function that makes one call and returns the length of its
// JSON, that of the request's argument and of the response.
func (l Load) call() func(context.Context, *dasf.Client) (int, error) {
	if l.Values > 0 {
		want, _ := json.Marshal(Values(l.Values))
		return func(ctx context.Context, c *dasf.Client) (int, error) {
			got, err := dasf.Call[[]float64](ctx, c, "values", valuesRequest{l.Values})
			if err == nil && len(got) != l.Values {
				err = fmt.Errorf("%d values came, %d were asked for", len(got), l.Values)
			}
			return len(want), err
		}
	}
	request := textRequest{Text: strings.Repeat("x", l.Payload), Size: l.Answer}
	want := l.Answer
	if want == 0 {
		want = l.Payload
	}
	return func(ctx context.Context, c *dasf.Client) (int, error) {
		got, err := dasf.Call[string](ctx, c, "text", request)
		if err == nil && len(got) != want {
			err = fmt.Errorf("%d bytes came, %d were asked for", len(got), want)
		}
		return l.Payload + len(got), err
	}
}
