//go:build interop

package faults_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/broker"
	"github.com/dasf-go/dasf/cli"
	"github.com/dasf-go/dasf/internal/interop/peers"
	"github.com/dasf-go/dasf/transport"
)

// What a role is told, and what it prints once it is ready.
const (
	settingsVariable = "DASF_FAULTS_SETTINGS"
	readyLine        = "ready, probe at "
)

// settings are what a role is told.
type settings struct {
	Topic   string
	At      peers.Endpoint
	Workers int
	Grace   float64
	Cancel  bool   // Config.CancelOnDisconnect
	Journal string // file that gets a line for each request that is started
	Keep    float64
	Alive   float64 // Config.AliveInterval, in seconds
	// ResendAge, in seconds, is how long answers are kept; what is kept of
	// them has its final size after it.
	ResendAge float64
	// Impatient has it notice a dead connection within seconds.
	Impatient bool

	Program string // that plays the role; this one if it is empty

	Addr string // of a broker
	Dir  string

	Calls int      // of a client, or of a crowd of clients
	Args  []string // of a command
}

// liveness is the liveness time of clients, and three times the interval in
// which backends say that they live. It is short, so that a test ends soon; but
// dasf-broker-django takes some twenty messages a second, and would do nothing
// but pass on questions after requests.
func (k kind) liveness() time.Duration {
	if k.slow > 1 {
		return 30 * time.Second
	}
	return 6 * time.Second
}

func play(role string) {
	var s settings
	if err := json.Unmarshal([]byte(os.Getenv(settingsVariable)), &s); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stdout, nil)))
	switch role {
	case "backend":
		playBackend(s)
	case "broker":
		playBroker(s)
	case "client":
		playClient(s)
	case "crowd":
		playCrowd(s)
	}
}

// launch starts a role and returns once it is ready.
func launch(t testing.TB, role string, s settings) *process {
	t.Helper()
	p := start(t, role, s)
	probe := p.Await(t, readyLine, func(log string) (string, bool) {
		_, rest, ok := strings.Cut(log, readyLine)
		addr, _, _ := strings.Cut(rest, "\n") // it was printed in one piece
		return addr, ok
	})
	return &process{Process: p, probe: probe}
}

// start starts a role.
func start(t testing.TB, role string, s settings) *peers.Process {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return lab.StartProgram(t, role, []string{cmp.Or(s.Program, os.Args[0])}, roleVariable+"="+role, settingsVariable+"="+string(text))
}

// ready says that the role is, and answers questions about what it holds.
func ready() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(measure())
	}))
	fmt.Println(readyLine + l.Addr().String())
}

// measure is what this process holds, once the garbage is collected.
func measure() usage {
	debug.FreeOSMemory()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u := usage{Goroutines: runtime.NumGoroutine(), Heap: int64(m.HeapAlloc)}
	if files, err := os.ReadDir("/proc/self/fd"); err == nil {
		for _, f := range files {
			if to, _ := os.Readlink("/proc/self/fd/" + f.Name()); strings.HasPrefix(to, "socket:") {
				u.Sockets++
			}
		}
	}
	return u
}

func playBackend(s settings) {
	var journal *os.File
	if s.Journal != "" {
		var err error
		if journal, err = os.OpenFile(s.Journal, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	note := func(id string) {
		if journal != nil {
			_, _ = journal.WriteString(id + "\n") // at once: the process may be killed
		}
	}
	module := dasf.NewModule(dasf.Config{
		Topic: s.Topic, Workers: cmp.Or(s.Workers, 8), AliveInterval: time.Duration(s.Alive * float64(time.Second)),
		ProducerKeepAlive: dasf.Seconds(cmp.Or(s.Keep, 120)), Grace: dasf.Seconds(cmp.Or(s.Grace, 30)),
		CancelOnDisconnect: s.Cancel, Ready: ready, ResendAge: time.Duration(s.ResendAge * float64(time.Second)),
	},
		dasf.Func("work", func(ctx context.Context, r workRequest) (string, error) {
			note(r.ID)
			if r.MS < 0 {
				if p, err := os.FindProcess(os.Getpid()); err == nil {
					_ = p.Kill()
				}
			}
			timer := time.NewTimer(time.Duration(r.MS) * time.Millisecond)
			defer timer.Stop()
			select {
			case <-timer.C:
				return r.ID + strings.Repeat(".", r.Size), nil
			case <-ctx.Done():
				note("ended " + r.ID + " " + context.Cause(ctx).Error())
				return "", ctx.Err()
			}
		}))
	if s.Impatient {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		if err := module.Run(ctx, connectWith(s.At, impatient(s.At))); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	os.Args = []string{os.Args[0]}
	if s.At.PulsarForm() {
		host, port, _ := net.SplitHostPort(s.At.Addr)
		os.Args = append(os.Args, "-H", host, "-p", port, "--persistent", s.At.Persistent)
	} else {
		os.Args = append(os.Args, "--websocket-url", s.At.BaseURL())
	}
	if s.Args == nil {
		s.Args = []string{"--log-level", "20", "listen"}
	}
	os.Args = append(os.Args, s.Args...)
	cli.Main(module)
}

// impatient has connections that notice within seconds what takes the defaults half a minute.
// A busy dasf-broker-django takes several seconds for an acknowledgement.
func impatient(at peers.Endpoint) transport.Options {
	o := transport.Options{PingInterval: time.Second, PongTimeout: 3 * time.Second, AckTimeout: 3 * time.Second, MaxBackoff: time.Second}
	if at.Name == "django" {
		o.PongTimeout, o.AckTimeout = 15*time.Second, 15*time.Second
	}
	return o
}

type workRequest struct {
	ID   string `json:"id"`
	MS   int    `json:"ms" default:"0"` // negative ends the process
	Size int    `json:"size" default:"0"`
	Pad  string `json:"pad" default:""`
}

func playBroker(s settings) {
	b, err := broker.New(broker.Config{Dir: s.Dir, Logger: slog.Default()})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	l, err := net.Listen("tcp", s.Addr)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	server := &http.Server{Handler: b, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	fmt.Println("broker at " + l.Addr().String())
	ready()
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	<-stop.Done()
	grace, over := context.WithTimeout(context.Background(), 10*time.Second)
	defer over()
	if err := errors.Join(b.Shutdown(grace), server.Close()); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// playClient makes calls that take an hour, says so, and waits to be killed.
func playClient(s settings) {
	c, err := dasf.Dial(context.Background(), connectWith(s.At, transport.Options{}), s.Topic, dasf.WithLiveness(time.Duration(3*s.Alive*float64(time.Second))))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for i := range s.Calls {
		go dasf.Call[string](context.Background(), c, "work", workRequest{ID: "gone-" + strconv.Itoa(i), MS: 3_600_000})
	}
	ready()
	select {}
}

// playCrowd connects many clients, each with a call that was answered, and
// waits to be killed.
func playCrowd(s settings) {
	errs := make(chan error, s.Calls)
	places := make(chan struct{}, 50)
	for i := range s.Calls {
		go func() {
			places <- struct{}{}
			defer func() { <-places }()
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			c, err := dasf.Dial(ctx, connectWith(s.At, transport.Options{}), s.Topic)
			if err == nil {
				_, err = dasf.Call[string](ctx, c, "work", workRequest{ID: "crowd-" + strconv.Itoa(i)})
			}
			errs <- err
		}()
	}
	for range s.Calls {
		if err := <-errs; err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	ready()
	select {}
}
