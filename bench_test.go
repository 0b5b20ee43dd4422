package dasf_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/broker"
	"github.com/dasf-go/dasf/transport"
)

type helloRequest struct {
	Name string `json:"name"`
}

type floats struct {
	Values []float64 `json:"values"`
}

type ruledFloats struct {
	Values []float64 `json:"values" validate:"dive,gte=0"`
}

func benchModule() *dasf.Module {
	return dasf.NewModule(dasf.Config{Topic: "bench", Logger: quiet()},
		dasf.Func("hello_world", func(_ context.Context, r helloRequest) (string, error) { return "Hello World, " + r.Name, nil }))
}

func millionFloats() []float64 {
	r := rand.New(rand.NewPCG(1, 2))
	values := make([]float64, 1_000_000)
	for i := range values {
		values[i] = r.Float64()
	}
	return values
}

// BenchmarkHandle answers the request of the manual's first example.
func BenchmarkHandle(b *testing.B) {
	m := benchModule()
	request := json.RawMessage(`{"func_name":"hello_world","name":"Peter"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Handle(b.Context(), request); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMillionFloats handles about 20 MB of JSON each way, beside strconv
// alone over the same values. Rounds of both take turns; ratio is the time of
// strconv over ours, medians of the rounds.
func BenchmarkMillionFloats(b *testing.B) {
	values := millionFloats()
	m := dasf.NewModule(dasf.Config{Topic: "bench", Logger: quiet()},
		dasf.Func("take", func(_ context.Context, r floats) (int, error) { return len(r.Values), nil }),
		dasf.Func("take_ruled", func(_ context.Context, r ruledFloats) (int, error) { return len(r.Values), nil }),
		dasf.Func("give", func(context.Context, dasf.None) ([]float64, error) { return values, nil }))
	text := appendFloats(nil, values)
	bare := bytes.Split(text[1:len(text)-1], []byte(","))
	parse := func() {
		out := make([]float64, 0, len(bare))
		for _, part := range bare {
			f, err := strconv.ParseFloat(string(part), 64)
			if err != nil {
				b.Fatal(err)
			}
			out = append(out, f)
		}
		if len(out) != len(values) {
			b.Fatal(len(out))
		}
	}
	handle := func(request json.RawMessage) func() {
		return func() {
			if _, err := m.Handle(b.Context(), request); err != nil {
				b.Fatal(err)
			}
		}
	}
	with := func(name string) json.RawMessage {
		return append(append([]byte(`{"func_name":"`+name+`","values":`), text...), '}')
	}
	for _, one := range []struct {
		name         string
		strconv, our func()
	}{
		{"in", parse, handle(with("take"))},
		{"in with a dive rule", parse, handle(with("take_ruled"))},
		{"out", func() { appendFloats(nil, values) }, handle(json.RawMessage(`{"func_name":"give"}`))},
	} {
		b.Run(one.name, func(b *testing.B) {
			var alone, ours []time.Duration
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				alone = append(alone, timed(one.strconv))
				ours = append(ours, timed(one.our))
			}
			b.ReportMetric(float64(len(text))/median(ours).Seconds()/1e6, "our-MB/s")
			b.ReportMetric(median(alone).Seconds()/median(ours).Seconds(), "ratio")
		})
	}
}

func timed(f func()) time.Duration {
	runtime.GC()
	begin := time.Now()
	f()
	return time.Since(begin)
}

func median(values []time.Duration) time.Duration {
	slices.Sort(values)
	return values[len(values)/2]
}

func appendFloats(dst []byte, values []float64) []byte {
	dst = append(dst, '[')
	for i, v := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendFloat(dst, v, 'g', -1, 64)
	}
	return append(dst, ']')
}

// BenchmarkCall makes calls through a broker in memory, and through sockets of
// the embedded one, which is in the same process.
func BenchmarkCall(b *testing.B) {
	b.Run("memory", func(b *testing.B) { benchmarkCall(b, transport.Memory(), 1) })
	for _, atOnce := range []int{1, 64} {
		b.Run(fmt.Sprintf("sockets/inflight=%d", atOnce), func(b *testing.B) {
			served, err := broker.New(broker.Config{Logger: quiet()})
			if err != nil {
				b.Fatal(err)
			}
			server := httptest.NewServer(served)
			defer server.Close()
			defer served.Shutdown(context.Background())
			address := "ws" + strings.TrimPrefix(server.URL, "http") + "/ws/"
			benchmarkCall(b, transport.WebSocket(address, transport.Options{Logger: quiet()}), atOnce)
		})
	}
}

func benchmarkCall(b *testing.B, through transport.Broker, atOnce int) {
	ready := make(chan struct{})
	m := dasf.NewModule(dasf.Config{Topic: "bench", Logger: quiet(), Ready: func() { close(ready) }},
		dasf.Func("hello_world", func(_ context.Context, r helloRequest) (string, error) { return "Hello World, " + r.Name, nil }))
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx, through) }()
	<-ready
	c, err := dasf.Dial(b.Context(), through, "bench", dasf.WithLogger(quiet()))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	var callers sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(b.N))
	for range atOnce {
		callers.Go(func() {
			for left.Add(-1) >= 0 {
				if _, err := dasf.Call[string](b.Context(), c, "hello_world", helloRequest{"Peter"}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	callers.Wait()
	b.StopTimer()
	c.Close()
	cancel()
	if err := <-done; err != nil {
		b.Error(err)
	}
}
