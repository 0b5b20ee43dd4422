//go:build unix

package nowait

import (
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

// A rawWriter writes to a descriptor, which the net package has made
// non-blocking.
type rawWriter struct {
	tcp   *net.TCPConn
	conn  syscall.RawConn
	write func(descriptor uintptr) bool // the method, made once

	p   []byte
	n   int
	err error
}

func systemWriter(conn net.Conn) Writer {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	w := &rawWriter{tcp: tcp, conn: raw}
	w.write = w.writeTo
	return w
}

func (w *rawWriter) TryWrite(p []byte) (int, error) {
	w.p, w.n, w.err = p, 0, nil
	err := w.conn.Write(w.write)
	if errors.Is(err, os.ErrDeadlineExceeded) { // of an earlier Write; nothing was tried
		if err = w.tcp.SetWriteDeadline(time.Time{}); err == nil {
			err = w.conn.Write(w.write)
		}
	}
	w.p = nil
	if err == nil {
		err = w.err
	}
	return w.n, err
}

// writeTo returns true, since false would make the caller wait.
func (w *rawWriter) writeTo(descriptor uintptr) bool {
	for w.n < len(w.p) {
		n, err := syscall.Write(int(descriptor), w.p[w.n:])
		switch err {
		case nil:
			w.n += n
		case syscall.EINTR:
		case syscall.EAGAIN:
			return true
		default:
			w.err = err
			return true
		}
	}
	return true
}
