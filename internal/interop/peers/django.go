package peers

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/gorilla/websocket"
)

// DjangoOptions says what is different from the broker's defaults.
type DjangoOptions struct {
	Store string   // DASF_STORE_MESSAGES: "cache" (the broker's default), "disabled", …
	Args  []string // arguments for daphne, such as --websocket-max-message-size
	State string   // a folder with the database of an earlier instance, for a restart
	Addr  string   // host:port of an earlier instance, for a restart
}

// A Django is a running dasf-broker-django, served by daphne with a database in sqlite.
type Django struct {
	*Process
	Endpoint Endpoint
	State    string // the folder with the database

	python string
}

// Django returns the Django broker that the tests share. Anonymous users may
// make topics in it.
func (l *Lab) Django(t testing.TB) Endpoint {
	t.Helper()
	return l.django.get(t, func() (*Process, Endpoint, error) {
		d, err := l.LaunchDjango(DjangoOptions{})
		if err != nil {
			return nil, Endpoint{}, err
		}
		return d.Process, d.Endpoint, nil
	})
}

// StartDjango starts a Django broker that ends with the test.
func (l *Lab) StartDjango(t testing.TB, o DjangoOptions) *Django {
	t.Helper()
	d, err := l.LaunchDjango(o)
	if err != nil {
		t.Fatal(err)
	}
	d.stopAfter(t)
	return d
}

// LaunchDjango starts a Django broker that the caller stops.
func (l *Lab) LaunchDjango(o DjangoOptions) (*Django, error) {
	state := o.State
	if state == "" {
		var err error
		if state, err = l.newDjangoState(); err != nil {
			return nil, fmt.Errorf("preparing the Django broker: %w", err)
		}
	}
	addr := o.Addr
	if addr == "" {
		var err error
		if addr, err = freeAddr(); err != nil {
			return nil, err
		}
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	argv := append([]string{l.python, "-m", "daphne", "-b", host, "-p", port}, o.Args...)
	env := djangoEnv(state)
	if o.Store != "" {
		env = append(env, "BROKER_STORE="+o.Store)
	}
	p, err := start(command{
		name: "django",
		argv: append(argv, "brokersite.asgi:application"),
		dir:  state,
		env:  env,
	})
	if err != nil {
		return nil, err
	}
	d := &Django{Process: p, State: state, python: l.python, Endpoint: Endpoint{Name: "django", Addr: addr}}
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	err = poll(ctx, p, func(ctx context.Context) error {
		conn, resp, err := websocket.DefaultDialer.DialContext(ctx, d.Endpoint.ProducerURL("readiness"), nil)
		if err != nil {
			return err
		}
		resp.Body.Close()
		return conn.Close()
	})
	if err != nil {
		return nil, joinKill(err, p)
	}
	return d, nil
}

// Run runs Python code with Django set up, on the broker's database, and returns
// what it prints.
func (d *Django) Run(t testing.TB, code string) string {
	t.Helper()
	cmd := exec.Command(d.python, "-c", "import django\ndjango.setup()\n"+code)
	cmd.Dir, cmd.Env = d.State, append(os.Environ(), djangoEnv(d.State)...)
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	return string(out)
}

func djangoEnv(state string) []string {
	return []string{"BROKER_STATE=" + state, "PYTHONPATH=" + state, "DJANGO_SETTINGS_MODULE=brokersite.settings"}
}

// newDjangoState makes a folder with the site and an empty database. The
// migrations run once for a lab: they take longer than the broker's start.
func (l *Lab) newDjangoState() (string, error) {
	template, err := l.database()
	if err != nil {
		return "", err
	}
	state, err := l.folder("django")
	if err != nil {
		return "", err
	}
	return state, os.CopyFS(state, os.DirFS(template))
}

func (l *Lab) makeDatabase() (string, error) {
	state, err := l.folder("django-template")
	if err != nil {
		return "", err
	}
	site, err := fs.Sub(files, "files")
	if err != nil {
		return "", err
	}
	for _, name := range []string{"asgi.py", "prepare.py", "settings.py", "urls.py"} {
		data, err := fs.ReadFile(site, "brokersite/"+name)
		if err != nil {
			return "", err
		}
		path := filepath.Join(state, "brokersite", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return "", err
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return "", err
		}
	}
	cmd := exec.Command(l.python, "-m", "brokersite.prepare")
	cmd.Dir, cmd.Env = state, append(os.Environ(), djangoEnv(state)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return state, nil
}
