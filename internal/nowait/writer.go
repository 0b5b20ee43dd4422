package nowait

import (
	"io"
	"net"
)

// A Writer writes as much of p as can be without waiting, and returns how much
// that was. That it was not all is no error. A write deadline that has passed
// does not matter; it may be taken away.
type Writer interface {
	TryWrite(p []byte) (n int, err error)
}

// Writer returns a Writer to conn, nil if there is none: what is written to
// TLS, for one, goes through buffers that may have to wait. It must not be used
// at the same time as conn's own Write.
func (c *Calls) Writer(conn net.Conn) Writer {
	if w, ok := conn.(Writer); ok {
		return w
	}
	return c.writer(conn)
}

// Reader returns what reads from conn, which is conn itself where there is
// nothing better. One goroutine may use it at a time.
func (c *Calls) Reader(conn net.Conn) io.Reader { return c.reader(conn) }
