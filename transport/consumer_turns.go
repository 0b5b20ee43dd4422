package transport

// What follows is asked for by the root package; see turns.

// NothingMore reports, within a function given to Deliver, whether Aside may be
// called: by who reads, and where no other message has come yet.
func (c *consumer) NothingMore() bool {
	s := c.read()
	return s != nil && s.nothingMore()
}

// Aside calls run, within a function given to Deliver and after NothingMore has
// said that it may. When run takes longer than a millisecond or two, another
// goroutine begins to read, and calls the function that was given to Deliver.
func (c *consumer) Aside(run func()) {
	if s := c.current(); s != nil {
		s.aside(run)
	} else {
		run()
	}
}

// Leave is called within a function given to Lend by who expects that somebody
// will call ReadHere in a moment: until then nobody reads, for two milliseconds
// at most. Once nobody does, needed is asked whether somebody has to.
func (c *consumer) Leave(needed func() bool) {
	if s := c.read(); s != nil {
		s.leave(needed)
	}
}

// ReadHere reads messages in the caller's goroutine, if nobody else does, until
// done reports true. It returns false if it has given up, since that took longer
// than a millisecond or two, or a message has come only in part. Who calls it has to call ReadOn afterwards if
// others wait for messages too.
func (c *consumer) ReadHere(done func() bool) bool {
	s := c.current()
	return s == nil || s.readHere(done)
}

// ReadOn has messages read if nobody does.
func (c *consumer) ReadOn() {
	if s := c.current(); s != nil {
		s.resumeReading()
	}
}

// read returns the socket whose reader calls, nil if it is somebody else: what
// came before Deliver is handed over by who calls that.
func (c *consumer) read() *socket {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.deliver == nil {
		return nil
	}
	return c.socket
}

func (c *consumer) current() *socket {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.socket
}
