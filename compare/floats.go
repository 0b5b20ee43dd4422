package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/measure"
)

// floats compares a typed result of many float64 with what strconv takes for
// the same values, to text and back.
func floats(ctx context.Context, r *runner) error {
	count := 4_000_000
	if r.short {
		count /= 100
	}
	f, err := r.measure(ctx, measure.Load{Values: count, InFlight: 1},
		contender{"strconv", measure.Chain{Client: starter("strconv", "client")}},
		contender{"DASF, no broker", measure.Chain{Client: starter("local", "client")}},
		embedded)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("result of %d float64, out and in: time of strconv ÷ DASF", count)
	r.ratios = append(r.ratios,
		ratio{What: what + " without broker", Value: perRound(f[0], f[1], p50), Goal: 0.5, AtLeast: true},
		ratio{What: what + " in three processes", Value: perRound(f[0], f[2], p50)})
	return nil
}

// strconvClient makes text of the values of a load and values of the text.
func strconvClient(ctx context.Context, p measure.Part, _ string) error {
	return p.Measure(ctx, func(ctx context.Context, load measure.Load) (measure.Result, error) {
		values := measure.Values(load.Values)
		return load.Loop(ctx, []measure.Call{func(context.Context) (int, error) {
			text := []byte{'['}
			for _, v := range values {
				text = strconv.AppendFloat(text, v, 'g', -1, 64)
				text = append(text, ',')
			}
			back := make([]float64, 0, len(values))
			begin := 1
			for i, c := range text {
				if c != ',' {
					continue
				}
				v, err := strconv.ParseFloat(string(text[begin:i]), 64)
				if err != nil {
					return 0, err
				}
				back = append(back, v)
				begin = i + 1
			}
			if len(back) != len(values) || back[len(back)-1] != values[len(values)-1] {
				return 0, errors.New("other values came back")
			}
			return len(text), nil
		}})
	})
}

// localClient calls the members of a load within one process.
func localClient(ctx context.Context, p measure.Part, _ string) error {
	return p.Measure(ctx, func(ctx context.Context, load measure.Load) (measure.Result, error) {
		client := dasf.Local(dasf.NewModule(dasf.Config{Topic: topic, Logger: partLogger()}, measure.Members()...))
		defer client.Close()
		return load.Run(ctx, []*dasf.Client{client})
	})
}
