package main

import (
	"crypto/tls"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/dasf-go/dasf/internal/cmdline"
)

// A certificate is read again when its files change, as those that come by ACME
// do every few weeks.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	seen    [2]fs.FileInfo
	looked  time.Time
}

// certificate returns the broker's, nil if it speaks no TLS.
func (c *serveCommand) certificate(logger *slog.Logger) (*certificate, error) {
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return nil, cmdline.Usagef("--tls-cert and --tls-key belong together: give both or none")
	}
	if c.TLSCert == "" {
		return nil, nil
	}
	cert := &certificate{certFile: c.TLSCert, keyFile: c.TLSKey, log: logger}
	return cert, cert.reload()
}

// reload reads the files. After an error the certificate before still holds.
func (c *certificate) reload() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read()
}

func (c *certificate) read() error {
	seen, err := c.stat()
	if err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	loaded, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("certificate %s with the key %s: %w", c.certFile, c.keyFile, err)
	}
	c.current, c.seen, c.looked = &loaded, seen, time.Now()
	return nil
}

func (c *certificate) stat() (seen [2]fs.FileInfo, err error) {
	for i, path := range []string{c.certFile, c.keyFile} {
		if seen[i], err = os.Stat(path); err != nil {
			return seen, err
		}
	}
	return seen, nil
}

// get is the GetCertificate of a [tls.Config].
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) >= time.Second {
		c.looked = now
		if seen, err := c.stat(); err == nil && !(same(seen[0], c.seen[0]) && same(seen[1], c.seen[1])) {
			// The two are not replaced at once: a mistake may be over at the
			// next look.
			if err := c.read(); err != nil {
				c.log.Warn("the changed certificate can't be used, the one before still holds", "err", err)
			} else {
				c.log.Info("certificate read again", "file", c.certFile)
			}
		}
	}
	return c.current, nil
}

func same(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
