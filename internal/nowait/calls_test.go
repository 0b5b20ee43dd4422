package nowait_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dasf-go/dasf/internal/nowait"
)

func TestReaderReadsAsTheConnectionDoes(t *testing.T) {
	for name, ends := range connections(t) {
		var calls nowait.Calls
		r := calls.Reader(ends[0])
		if n, err := r.Read(nil); n != 0 || err != nil {
			t.Errorf("%s: Read of nothing: %d, %v", name, n, err)
		}
		ends[0].SetReadDeadline(time.Now())
		if n, err := r.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: Read after the deadline: %d, %v", name, n, err)
		}
		ends[0].SetReadDeadline(time.Time{})

		text := strings.Repeat("0123456789abcdef", 64<<10)
		got := make(chan string, 1)
		go func() {
			var all bytes.Buffer
			for size := 1; all.Len() < len(text); size = min(3*size, 1<<20) { // from far less to far more than one call moves
				part := make([]byte, size)
				n, err := r.Read(part)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					break
				}
				all.Write(part[:n])
			}
			got <- all.String()
		}()
		if _, err := io.WriteString(ends[1], text); err != nil {
			t.Fatal(err)
		}
		if g := <-got; g != text {
			t.Errorf("%s: %d bytes came, want %d", name, len(g), len(text))
		}
		ends[1].Close()
		if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("%s: Read after the other end has closed: %d, %v", name, n, err)
		}
		ends[0].Close()
		if _, err := r.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: Read of a closed connection: %v", name, err)
		}
	}
}

func TestAResetIsAnErrorThatSaysSo(t *testing.T) {
	ends := connections(t)["tcp"]
	r := new(nowait.Calls).Reader(ends[0])
	if err := ends[1].(*net.TCPConn).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	ends[1].Close()
	_, err := r.Read(make([]byte, 1))
	if _, ok := errors.AsType[*net.OpError](err); !ok {
		t.Errorf("got %v", err)
	}
}

// With one processor only the thread that watches over the others lets another
// goroutine run while one computes. It must be awake though no call has told the
// scheduler that there is something to do.
func TestWhoComputesAfterACallIsInterrupted(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, talk := range []struct {
		pause    time.Duration
		messages int
	}{{200 * time.Microsecond, 300}, {200 * time.Millisecond, 1}} {
		r := new(nowait.Calls).Reader(talker(t, talk.pause))
		b := make([]byte, 1)
		for range 4 {
			for range talk.messages {
				if _, err := r.Read(b); err != nil {
					t.Fatal(err)
				}
			}
			var ran atomic.Bool
			go ran.Store(true)
			for start := time.Now(); !ran.Load(); {
				if time.Since(start) > 20*time.Second {
					t.Fatalf("with a message each %v, a goroutine that was ready did not run beside one that computes", talk.pause)
				}
			}
		}
	}
}

// The environment of a process that writes: to which address, and how often.
const (
	talksTo    = "NOWAIT_TEST_TALKS_TO"
	talksAfter = "NOWAIT_TEST_TALKS_AFTER"
)

// talker returns a connection on which another process writes a byte after each
// pause, so that this one is idle in between and has no timer.
func talker(t *testing.T, pause time.Duration) net.Conn {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	other := exec.Command(self, "-test.run=^TestTalker$")
	other.Env = append(os.Environ(), talksTo+"="+l.Addr().String(), talksAfter+"="+pause.String())
	other.Stderr = os.Stderr
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Wait() }) // it is told to end by the connection
	if err := l.(*net.TCPListener).SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// TestTalker is the other process of talker.
func TestTalker(t *testing.T) {
	address := os.Getenv(talksTo)
	if address == "" {
		return
	}
	pause, err := time.ParseDuration(os.Getenv(talksAfter))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := conn.Write([]byte("x")); err != nil {
			return
		}
		time.Sleep(pause)
	}
}
