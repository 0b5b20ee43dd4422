package cli_test

import (
	"io"
	"strings"
	"testing"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/cli"
)

// What a program does from its first line on; the rest of its start is the
// runtime's and the libraries'.
func BenchmarkStart(b *testing.B) {
	for _, args := range []string{"--help", "schema", "compute echo text=a"} {
		b.Run(args, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m := module(dasf.Config{Topic: "topic"})
				if code := cli.Run(b.Context(), strings.Fields(args), cli.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}, nil, m); code != 0 {
					b.Fatal(code)
				}
			}
		})
	}
	b.Run("module", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			module(dasf.Config{Topic: "topic"})
		}
	})
}
