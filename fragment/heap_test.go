package fragment_test

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/dasf-go/dasf/fragment"
	"github.com/dasf-go/dasf/internal/heaptest"
)

// MaxBytes bounds the memory of incomplete payloads, be they of many small
// pieces or of few large ones, in order or not.
func TestMaxBytesBoundsTheHeap(t *testing.T) {
	const most = 16 << 20
	for _, test := range []struct {
		name     string
		length   int // of a piece
		backward bool
	}{
		{"tiny", 4, false},
		{"tiny, backward", 4, true},
		{"tiny, decoded together", 5, false},
		{"small", 100, false},
		{"small, backward", 100, true},
		{"large", 512_000, false},
		{"large, backward", 512_000, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := &fragment.Assembler{MaxBytes: most, MaxOpen: 1_000_000}
			text := bytes.Repeat([]byte("A"), test.length)
			count := max(4, min(1000, most/2/test.length))
			before := heaptest.Live()
			pieces := 0
			for key, full := 0, false; !full; key++ {
				for i := 1; i < count; i++ { // the first never comes
					index := i
					if test.backward {
						index = count - i
					}
					if _, _, err := a.Add(fmt.Sprint("topic_aroEhfGH\x00", key), index, count, text, time.Time{}); err != nil {
						full = true
						break
					}
					pieces++
				}
			}
			grown := heaptest.Live() - before
			_, counted := a.Len()
			t.Logf("%d pieces count %d bytes, and the heap grew by %d", pieces, counted, grown)
			if counted > most || grown > most*5/4 {
				t.Errorf("the heap grew by %d, MaxBytes is %d", grown, most)
			}
			runtime.KeepAlive(a)
		})
	}
}
