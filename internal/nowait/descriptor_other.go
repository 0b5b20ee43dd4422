//go:build !unix

package nowait

import (
	"io"
	"net"
)

func (c *Calls) writer(net.Conn) Writer { return nil }

func (c *Calls) reader(conn net.Conn) io.Reader { return conn }
