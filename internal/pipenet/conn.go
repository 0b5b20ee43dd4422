package pipenet

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// A conn is one end of a connection.
type conn struct {
	network       *Network
	in, out       *pipe
	local, remote addr
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.in.read(p)
	if err != nil && err != io.EOF {
		err = opError("read", string(c.remote), err)
	}
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	n, err := c.out.write(p, true)
	if err != nil {
		err = opError("write", string(c.remote), err)
	}
	return n, err
}

// TryWrite writes as much as the buffer has room for, and does not wait for
// more, whatever the deadline.
func (c *conn) TryWrite(p []byte) (int, error) {
	n, err := c.out.write(p, false)
	if err != nil {
		err = opError("write", string(c.remote), err)
	}
	return n, err
}

// Close lets the other end read what was written before.
func (c *conn) Close() error {
	c.in.closeRead()
	c.out.closeWrite()
	c.network.forget(c)
	return nil
}

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return c.remote }

func (c *conn) SetDeadline(t time.Time) error {
	c.in.readDeadline.set(c.in, t)
	c.out.writeDeadline.set(c.out, t)
	return nil
}

func (c *conn) SetReadDeadline(t time.Time) error {
	c.in.readDeadline.set(c.in, t)
	return nil
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	c.out.writeDeadline.set(c.out, t)
	return nil
}

// A pipe is one direction of a connection.
type pipe struct {
	mu            sync.Mutex
	changed       *sync.Cond
	buf           []byte
	held          bool
	readErr       error // what the reading end gets, at once
	writeErr      error // what the writing end gets
	ended         bool  // the writing end is closed: io.EOF after buf
	readDeadline  deadline
	writeDeadline deadline
}

func newPipe(held bool) *pipe {
	p := &pipe{held: held}
	p.changed = sync.NewCond(&p.mu)
	return p
}

func (p *pipe) read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case p.readErr != nil:
			return 0, p.readErr
		case p.readDeadline.passed:
			return 0, os.ErrDeadlineExceeded
		case len(b) == 0:
			return 0, nil
		case len(p.buf) > 0 && !p.held:
			n := copy(b, p.buf)
			p.buf = p.buf[:copy(p.buf, p.buf[n:])]
			p.changed.Broadcast()
			return n, nil
		case p.ended && !p.held:
			return 0, io.EOF
		}
		p.changed.Wait()
	}
}

func (p *pipe) write(b []byte, wait bool) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	written := 0
	for {
		switch {
		case p.writeErr != nil:
			return written, p.writeErr
		case p.writeDeadline.passed && wait:
			return written, os.ErrDeadlineExceeded
		case written == len(b):
			return written, nil
		}
		if room := bufferSize - len(p.buf); room > 0 {
			n := min(room, len(b)-written)
			p.buf = append(p.buf, b[written:written+n]...)
			written += n
			p.changed.Broadcast()
			continue
		}
		if !wait {
			return written, nil
		}
		p.changed.Wait()
	}
}

// closeRead is what closing the reading end does.
func (p *pipe) closeRead() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.readErr = net.ErrClosed
	if p.writeErr == nil {
		p.writeErr = syscall.EPIPE
	}
	p.readDeadline.stop()
	p.changed.Broadcast()
}

// closeWrite is what closing the writing end does.
func (p *pipe) closeWrite() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writeErr = net.ErrClosed
	p.ended = true
	p.writeDeadline.stop()
	p.changed.Broadcast()
}

// reset breaks the pipe at both ends, unless one is closed already.
func (p *pipe) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.buf = nil
	if p.readErr == nil {
		p.readErr = syscall.ECONNRESET
	}
	if p.writeErr == nil {
		p.writeErr = syscall.ECONNRESET
	}
	p.changed.Broadcast()
}

func (p *pipe) setHeld(held bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = held
	p.changed.Broadcast()
}

// A deadline is guarded by its pipe's mutex.
type deadline struct {
	timer   *time.Timer
	passed  bool
	current int // tells a timer that was replaced while it fired
}

func (d *deadline) set(p *pipe, t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d.stop()
	d.passed = false
	if t.IsZero() {
		p.changed.Broadcast()
		return
	}
	wait := time.Until(t)
	if wait <= 0 {
		d.passed = true
		p.changed.Broadcast()
		return
	}
	current := d.current
	d.timer = time.AfterFunc(wait, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if d.current == current {
			d.passed = true
			p.changed.Broadcast()
		}
	})
}

func (d *deadline) stop() {
	d.current++
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}
