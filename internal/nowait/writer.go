package nowait

import "net"

// A Writer writes as much of p as can be without waiting, and returns how much
// that was. That it was not all is no error. A write deadline that has passed
// does not matter; it may be taken away.
type Writer interface {
	TryWrite(p []byte) (n int, err error)
}

// WriterOf returns a Writer to conn, nil if there is none: what is written to
// TLS, for one, goes through buffers that may have to wait. It must not be used
// at the same time as conn's own Write.
func WriterOf(conn net.Conn) Writer {
	if w, ok := conn.(Writer); ok {
		return w
	}
	return systemWriter(conn)
}
