package jsonscan_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/dasf-go/dasf/internal/jsonscan"
)

func BenchmarkPlainLen(b *testing.B) {
	for _, n := range []int{16, 100, 8 << 10, 512_000, 13_333_336} {
		text := append(bytes.Repeat([]byte("QUJD"), n/4), '"')
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.SetBytes(int64(n))
			for b.Loop() {
				if jsonscan.PlainLen(text) != len(text)-1 {
					b.Fatal("the end was not found")
				}
			}
		})
	}
}
