package broker_test

import (
	"bytes"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dasf-go/dasf/broker"
)

var storedMessages = flag.Int("stored", 20_000, "how many messages BenchmarkStart stores")

// BenchmarkDurable sends messages of 1 kB to a persistent topic, each producer
// the next one when the last was answered, to a consumer that acknowledges them.
// It takes turns with the disk alone: as many writes of the same length, each
// synced, to a file whose space is taken. The first figure is the ratio of the
// two, which depends less on the disk and on what else the machine does.
func BenchmarkDurable(b *testing.B) {
	for _, producers := range []int{1, 32} {
		b.Run(fmt.Sprintf("producers=%d", producers), func(b *testing.B) {
			srv := httptest.NewServer(newBroker(b, broker.Config{Dir: b.TempDir()}))
			defer srv.Close()
			url := wsURL(srv.URL) + "/ws/v2/"
			topic := "persistent/public/default/t"
			consumer := dialFast(b, url+"consumer/"+topic+"/s?subscriptionType=Shared")
			go acknowledgeAll(consumer, 1<<30)
			message := fmt.Appendf(nil, `{"payload":"%s","context":"1"}`, strings.Repeat("QUJD", 256))
			var peers []*fastPeer
			for range producers {
				peers = append(peers, dialFast(b, url+"producer/"+topic))
			}
			disk := newDisk(b, len(message))
			const turn = 300
			var stored, alone time.Duration
			turns := 0
			for b.Loop() {
				start := time.Now()
				var all sync.WaitGroup
				for _, p := range peers {
					all.Go(func() {
						for range turn {
							p.send(message)
							if err := p.flush(); err != nil {
								b.Error(err)
								return
							}
							if text, err := p.receive(); err != nil || !bytes.Contains(text, []byte(`"ok"`)) {
								b.Errorf("answered with %s, %v", text, err)
								return
							}
						}
					})
				}
				all.Wait()
				stored += time.Since(start)
				alone += disk.run(turn)
				turns++
			}
			rate := float64(turns*turn*producers) / stored.Seconds()
			syncs := float64(turns*turn) / alone.Seconds()
			b.ReportMetric(rate/syncs*100, "%-of-fsync")
			b.ReportMetric(rate, "msg/s")
			b.ReportMetric(syncs, "fsync/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// A disk measures fsync alone.
type disk struct {
	b    *testing.B
	file *os.File
	text []byte
}

func newDisk(b *testing.B, length int) *disk {
	f, err := os.Create(filepath.Join(b.TempDir(), "alone"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	return &disk{b, f, bytes.Repeat([]byte("x"), length)}
}

func (d *disk) run(n int) time.Duration {
	space := make([]byte, n*len(d.text))
	if _, err := d.file.WriteAt(space, 0); err != nil {
		d.b.Fatal(err)
	}
	if err := d.file.Sync(); err != nil {
		d.b.Fatal(err)
	}
	start := time.Now()
	for i := range n {
		if _, err := d.file.WriteAt(d.text, int64(i*len(d.text))); err != nil {
			d.b.Fatal(err)
		}
		if err := d.file.Sync(); err != nil {
			d.b.Fatal(err)
		}
	}
	return time.Since(start)
}

// BenchmarkStart opens a broker on a store with many messages of 1 kB, a hundred
// topics of them, and takes the first message of one. The system's page cache is
// dropped before, if this process may. Try -stored 1000000.
func BenchmarkStart(b *testing.B) {
	dir := b.TempDir()
	fill(b, dir, 100, *storedMessages)
	var size int64
	filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		size += info.Size()
		return err
	})
	var opened, first time.Duration
	cold := 0.0
	for b.Loop() {
		b.StopTimer()
		if dropCaches() == nil {
			cold++
		}
		b.StartTimer()
		start := time.Now()
		m, err := broker.New(broker.Config{Dir: dir})
		if err != nil {
			b.Fatal(err)
		}
		opened += time.Since(start)
		srv := httptest.NewServer(m)
		p := dialFast(b, wsURL(srv.URL)+"/ws/7/s")
		if _, err := p.receive(); err != nil {
			b.Fatal(err)
		}
		first += time.Since(start)
		b.StopTimer()
		p.conn.Close()
		srv.Close()
		if err := m.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(opened.Seconds()*1e3/float64(b.N), "ms-to-open")
	b.ReportMetric(first.Seconds()*1e3/float64(b.N), "ms-to-first-message")
	b.ReportMetric(float64(*storedMessages), "messages")
	b.ReportMetric(float64(size)/1e6, "MB")
	b.ReportMetric(cold/float64(b.N), "cold")
	b.ReportMetric(0, "ns/op")
}

// dropCaches empties the system's page cache; only root may, and only on Linux.
func dropCaches() error {
	return os.WriteFile("/proc/sys/vm/drop_caches", []byte("3"), 0)
}

// fill stores messages of 1 kB in so many topics.
func fill(b *testing.B, dir string, topics, messages int) {
	m, err := broker.New(broker.Config{Dir: dir, KeptMessages: messages})
	if err != nil {
		b.Fatal(err)
	}
	srv := httptest.NewServer(m)
	message := fmt.Appendf(nil, `{"payload":"%s"}`, strings.Repeat("QUJD", 256))
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for t := i; t < topics; t += 4 {
				p := dialFast(b, fmt.Sprintf("%s/ws/%d", wsURL(srv.URL), t))
				go func() {
					for range messages / topics {
						p.send(message)
					}
					p.flush()
				}()
				for range messages / topics {
					if text, err := p.receive(); err != nil || !bytes.Contains(text, []byte(`"ok"`)) {
						b.Errorf("answered with %s, %v", text, err)
						return
					}
				}
				p.conn.Close()
			}
		})
	}
	all.Wait()
	srv.Close()
	if err := m.Close(); err != nil {
		b.Fatal(err)
	}
}
