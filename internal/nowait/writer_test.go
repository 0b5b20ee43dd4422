package nowait_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/dasf-go/dasf/internal/nowait"
	"github.com/dasf-go/dasf/internal/pipenet"
)

// connections returns the two ends of one connection of each kind.
func connections(t *testing.T) map[string][2]net.Conn {
	t.Helper()
	pair := func(l net.Listener, dial func() (net.Conn, error)) [2]net.Conn {
		defer l.Close()
		type end struct {
			conn net.Conn
			err  error
		}
		dialled := make(chan end, 1)
		go func() {
			conn, err := dial()
			dialled <- end{conn, err}
		}()
		other, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		first := <-dialled
		if first.err != nil {
			t.Fatal(first.err)
		}
		one := first.conn
		t.Cleanup(func() { one.Close(); other.Close() })
		return [2]net.Conn{one, other}
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var network pipenet.Network
	memory, err := network.Listen("there")
	if err != nil {
		t.Fatal(err)
	}
	return map[string][2]net.Conn{
		"tcp":    pair(tcp, func() (net.Conn, error) { return net.Dial("tcp", tcp.Addr().String()) }),
		"memory": pair(memory, func() (net.Conn, error) { return network.Dial(t.Context(), "tcp", "there") }),
	}
}

func TestTryWriteLeavesWhatAPeerDoesNotTake(t *testing.T) {
	for name, ends := range connections(t) {
		w := nowait.WriterOf(ends[0])
		if w == nil {
			if name != "tcp" || runtime.GOOS != "windows" {
				t.Errorf("%s: no Writer", name)
			}
			continue
		}
		text := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
		taken := 0
		for {
			n, err := w.TryWrite(text[taken:])
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			taken += n
			if n == 0 {
				break
			}
		}
		if taken == 0 || taken == len(text) {
			t.Fatalf("%s: a peer that does not read took %d of %d bytes", name, taken, len(text))
		}
		ends[0].SetWriteDeadline(time.Now())
		if _, err := ends[0].Write(text[taken:]); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: Write after the deadline: %v", name, err)
		}
		if _, err := w.TryWrite(text[taken:]); err != nil {
			t.Errorf("%s: TryWrite after the deadline: %v", name, err)
		}
		ends[0].SetWriteDeadline(time.Time{})
		rest := make(chan error, 1)
		go func() {
			_, err := ends[0].Write(text[taken:])
			ends[0].Close()
			rest <- err
		}()
		got, err := io.ReadAll(ends[1])
		if err != nil || !bytes.Equal(got, text) {
			t.Errorf("%s: %d bytes came, want %d, %v", name, len(got), len(text), err)
		}
		if err := <-rest; err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := w.TryWrite(text); err == nil {
			t.Errorf("%s: writing to a closed connection gave no error", name)
		}
	}
}

func TestTLSHasNoWriter(t *testing.T) {
	if w := nowait.WriterOf(tls.Client(nil, new(tls.Config))); w != nil {
		t.Errorf("got %T", w)
	}
}
