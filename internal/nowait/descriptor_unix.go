//go:build unix

package nowait

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// rawOf gives access to the descriptor of a TCP connection, which the net
// package has made non-blocking.
func rawOf(conn net.Conn) (*net.TCPConn, syscall.RawConn) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil, nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, nil
	}
	return tcp, raw
}

// A rawWriter writes to a descriptor.
type rawWriter struct {
	tcp   *net.TCPConn
	conn  syscall.RawConn
	calls *Calls
	write func(descriptor uintptr) bool // the method, made once

	p   []byte
	n   int
	err error
}

func (c *Calls) writer(conn net.Conn) Writer {
	tcp, raw := rawOf(conn)
	if raw == nil {
		return nil
	}
	w := &rawWriter{tcp: tcp, conn: raw, calls: c}
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
		n, err := w.calls.write(descriptor, w.p[w.n:])
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

// A rawReader reads from a descriptor.
type rawReader struct {
	tcp   *net.TCPConn
	conn  syscall.RawConn
	calls *Calls
	read  func(descriptor uintptr) bool // the method, made once

	p   []byte
	n   int
	err error
}

func (c *Calls) reader(conn net.Conn) io.Reader {
	tcp, raw := rawOf(conn)
	if raw == nil {
		return conn
	}
	r := &rawReader{tcp: tcp, conn: raw, calls: c}
	r.read = r.readFrom
	return r
}

func (r *rawReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	r.p, r.n, r.err = p, 0, nil
	err := r.conn.Read(r.read)
	r.p = nil
	switch {
	case err != nil:
		if op, ok := errors.AsType[*net.OpError](err); ok {
			op.Op = "read" // instead of raw-read
		}
		return 0, err
	case r.err != nil:
		return 0, &net.OpError{Op: "read", Net: r.tcp.LocalAddr().Network(), Source: r.tcp.LocalAddr(), Addr: r.tcp.RemoteAddr(),
			Err: os.NewSyscallError("read", r.err)}
	case r.n == 0:
		return 0, io.EOF
	}
	return r.n, nil
}

// readFrom returns false where the caller has to wait.
func (r *rawReader) readFrom(descriptor uintptr) bool {
	for {
		r.n, r.err = r.calls.read(descriptor, r.p)
		switch r.err {
		case syscall.EINTR:
		case syscall.EAGAIN:
			return false
		default:
			return true
		}
	}
}
