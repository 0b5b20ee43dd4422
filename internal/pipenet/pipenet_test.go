package pipenet_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dasf-go/dasf/internal/pipenet"
)

// connect returns the two ends of a connection.
func connect(t *testing.T, n *pipenet.Network) (client, server net.Conn) {
	t.Helper()
	l, err := n.Listen("host:1")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = n.Dial(t.Context(), "tcp", "host:1"); err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

func TestBothDirectionsCarryMoreThanTheBuffer(t *testing.T) {
	sent := bytes.Repeat([]byte("0123456789"), 100_000)
	for _, back := range []bool{false, true} {
		from, to := connect(t, new(pipenet.Network))
		if back {
			from, to = to, from
		}
		go func() {
			from.Write(sent)
			from.Close()
		}()
		if got, err := io.ReadAll(to); err != nil || !bytes.Equal(got, sent) {
			t.Errorf("read %d bytes, %v, want %d", len(got), err, len(sent))
		}
	}
}

func TestWhatWasWrittenBeforeCloseIsRead(t *testing.T) {
	client, server := connect(t, new(pipenet.Network))
	client.Write([]byte("last words"))
	client.Close()
	if got, err := io.ReadAll(server); string(got) != "last words" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	if _, err := server.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("writing to a closed end: %v, want EPIPE", err)
	}
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("reading from an end that we closed: %v, want ErrClosed", err)
	}
}

func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _ := connect(t, new(pipenet.Network))
		begin := time.Now()
		client.SetReadDeadline(begin.Add(time.Minute))
		_, err := client.Read(make([]byte, 1))
		var netErr net.Error
		if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &netErr) || !netErr.Timeout() {
			t.Errorf("Read: %v, want a time-out", err)
		}
		if waited := time.Since(begin); waited != time.Minute {
			t.Errorf("Read waited %v, want a minute", waited)
		}
		client.SetWriteDeadline(time.Now().Add(time.Minute))
		n, err := client.Write(make([]byte, 1<<20))
		if !errors.Is(err, os.ErrDeadlineExceeded) || n == 0 || n == 1<<20 {
			t.Errorf("Write: %d bytes, %v, want a time-out with the buffer full", n, err)
		}
		// A deadline that is moved while one waits counts, and one that is
		// taken away lets the end be used again.
		client.SetDeadline(time.Time{})
		go func() {
			time.Sleep(time.Hour)
			client.SetReadDeadline(time.Now())
		}()
		begin = time.Now()
		if _, err := client.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(begin) != time.Hour {
			t.Errorf("Read: %v after %v, want a time-out after an hour", err, time.Since(begin))
		}
	})
}

func TestNobodyListens(t *testing.T) {
	var n pipenet.Network
	if _, err := n.Dial(t.Context(), "tcp", "host:1"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("Dial: %v, want ECONNREFUSED", err)
	}
	l, err := n.Listen("host:1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Listen("host:1"); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a second Listen: %v, want EADDRINUSE", err)
	}
	waiting, err := n.Dial(t.Context(), "tcp", "host:1")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := l.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
	if _, err := waiting.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a connection that was never accepted: %v, want ECONNRESET", err)
	}
	waiting.Close()
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept after Close: %v, want ErrClosed", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := n.Dial(ctx, "tcp", "host:1"); !errors.Is(err, context.Canceled) {
		t.Errorf("Dial with an ended context: %v", err)
	}
	if n.Open() != 0 {
		t.Errorf("%d ends are open, want none", n.Open())
	}
}

func TestCut(t *testing.T) {
	var n pipenet.Network
	client, server := connect(t, &n)
	client.Write([]byte("lost"))
	n.Cut()
	for _, end := range []net.Conn{client, server} {
		if _, err := end.Read(make([]byte, 10)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("Read: %v, want ECONNRESET", err)
		}
		if _, err := end.Write([]byte("x")); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("Write: %v, want ECONNRESET", err)
		}
	}
}

func TestHold(t *testing.T) {
	var n pipenet.Network
	client, server := connect(t, &n)
	n.Hold(true)
	client.Write([]byte("late"))
	server.SetReadDeadline(time.Now().Add(time.Millisecond))
	if _, err := server.Read(make([]byte, 10)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Read while held: %v, want a time-out", err)
	}
	server.SetReadDeadline(time.Time{})
	n.Hold(false)
	b := make([]byte, 10)
	if k, err := server.Read(b); err != nil || string(b[:k]) != "late" {
		t.Errorf("Read: %q, %v", b[:k], err)
	}
}

func TestHTTPInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n pipenet.Network
		l, err := n.Listen("host:80")
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(time.Hour)
			io.WriteString(w, "hello")
		})}
		go server.Serve(l)
		transport := &http.Transport{DialContext: n.Dial}
		begin := time.Now()
		resp, err := (&http.Client{Transport: transport}).Get("http://host:80/")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		if string(body) != "hello" || time.Since(begin) != time.Hour {
			t.Errorf("got %q after %v, want hello after an hour", body, time.Since(begin))
		}
		resp.Body.Close()
		transport.CloseIdleConnections()
		server.Close()
	})
}
