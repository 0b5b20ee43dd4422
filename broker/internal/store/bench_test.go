package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// BenchmarkPut stores bodies of 1 kB, one after the other by so many
// producers, and compares that with what the disk does: as many writes of the
// same length to a file that has its space already, each synced. The two take
// turns, since a disk is not the same from one second to the next.
func BenchmarkPut(b *testing.B) {
	for _, producers := range []int{1, 32} {
		b.Run(fmt.Sprintf("producers=%d", producers), func(b *testing.B) {
			s := openStore(b, b.TempDir(), Options{})
			disk := newSyncs(b)
			body := []byte(strings.Repeat("x", 1024))
			const turn = 500
			var stored, alone time.Duration
			n := 0
			for b.Loop() {
				start := time.Now()
				var all sync.WaitGroup
				for p := range producers {
					all.Go(func() {
						done := make(chan error, 1)
						for i := range turn {
							key := fmt.Sprintf("%d.%d.%d", n, p, i)
							if err := s.Put(key, nil, body, func(err error) { done <- err }); err != nil {
								b.Error(err)
								return
							}
							s.Commit()
							if err := <-done; err != nil {
								b.Error(err)
							}
							s.Delete(key, nil)
						}
					})
				}
				all.Wait()
				stored += time.Since(start)
				alone += disk.run(turn)
				n++
			}
			rate := float64(n*turn*producers) / stored.Seconds()
			syncs := float64(n*turn) / alone.Seconds()
			b.ReportMetric(rate/syncs*100, "%-of-fsync")
			b.ReportMetric(rate, "msg/s")
			b.ReportMetric(syncs, "fsync/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// syncs measures the disk alone.
type syncs struct {
	b    *testing.B
	file *os.File
	text []byte
	at   int64
}

func newSyncs(b *testing.B) *syncs {
	f, err := os.Create(filepath.Join(b.TempDir(), "alone"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	return &syncs{b: b, file: f, text: []byte(strings.Repeat("x", 1100))}
}

func (s *syncs) run(n int) time.Duration {
	if _, err := allocate(s.file, s.at, s.at+int64(n*len(s.text))); err != nil {
		s.b.Fatal(err)
	}
	start := time.Now()
	for range n {
		if _, err := s.file.WriteAt(s.text, s.at); err != nil {
			s.b.Fatal(err)
		}
		if err := syncData(s.file); err != nil {
			s.b.Fatal(err)
		}
		s.at += int64(len(s.text))
	}
	return time.Since(start)
}
