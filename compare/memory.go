package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/measure"
	"github.com/dasf-go/dasf/transport"
)

// settle is how long a process is left alone before its memory is looked at.
const settle = 2 * time.Second

// startBroker runs DASF's broker until ctx ends.
func startBroker(ctx context.Context) (broker *measure.Process, address string, err error) {
	if broker, err = starter("dasf", "broker")(ctx, ""); err != nil {
		return nil, "", err
	}
	address, err = broker.Ready()
	return broker, address, err
}

// idle measures the memory of the broker for each client that has nothing to
// do: a consumer's socket and a producer's, after one message of 100 kB.
func idle(ctx context.Context, r *runner) error {
	count := 2000
	if r.short {
		count = 50
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	broker, address, err := startBroker(ctx)
	if err != nil {
		return err
	}
	before, err := broker.Memory()
	if err != nil {
		return fmt.Errorf("the broker's memory: %w", err)
	}
	b := connect(address)
	for i := range count {
		r.show(fmt.Sprintf("client %d of %d", i+1, count))
		done, err := idleClient(ctx, b, fmt.Sprintf("%s-%d", topic, i))
		if err != nil {
			return err
		}
		defer done()
	}
	r.show("waiting for the broker to be quiet")
	if err := pause(ctx, settle); err != nil {
		return err
	}
	after, err := broker.Memory()
	if err != nil {
		return err
	}
	r.ratios = append(r.ratios, ratio{
		What: fmt.Sprintf("memory (RSS) of the broker for each of %d idle clients", count), Value: float64(after-before) / float64(count) / 1000, Unit: "KB", Goal: 50,
	})
	return nil
}

// idleClient passes a message through a topic and leaves both sockets open.
func idleClient(ctx context.Context, b transport.Broker, topic string) (done func(), err error) {
	consumer, err := b.Consume(ctx, topic, transport.ConsumeOptions{Subscription: "idle", Type: transport.Exclusive, NonDurable: true})
	if err != nil {
		return nil, err
	}
	producer, err := b.Produce(ctx, topic)
	if err != nil {
		consumer.Close()
		return nil, err
	}
	done = func() { consumer.Close(); producer.Close() }
	m := &transport.Message{Properties: map[string]string{}}
	m.SetBytes(bytes.Repeat([]byte("x"), 75_000)) // 100 kB of base64
	err = producer.Send(ctx, m)
	if err == nil {
		var got *transport.Message
		if got, err = consumer.Receive(ctx); err == nil {
			err = consumer.Ack(ctx, got)
		}
	}
	if err != nil {
		done()
		return nil, err
	}
	return done, nil
}

// start measures how long commands of a backend take, and what it has in memory
// while it waits for requests.
func start(ctx context.Context, r *runner) error {
	folder, err := r.folderFor()
	if err != nil {
		return err
	}
	program := filepath.Join(folder, "helloworld")
	r.show("building a backend")
	where, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/dasf-go/dasf").Output()
	if err != nil {
		return fmt.Errorf("finding the main module; run it with go run -C compare: %w", err)
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "./examples/helloworld")
	build.Dir = strings.TrimSpace(string(where))      // with the versions that this module chose
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as docs/cli.md says
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building a backend: %w\n%s", err, out)
	}
	if err := r.starts(ctx, "backend", 15, program); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	_, address, err := startBroker(ctx)
	if err != nil {
		return err
	}
	if err := r.rest(ctx, "backend", 20, address, program); err != nil {
		return err
	}
	if r.lab == nil {
		return nil
	}
	module, err := r.pythonFile("hello.py")
	if err != nil {
		return err
	}
	if err := r.starts(ctx, "demessaging", 0, r.lab.Python(), module); err != nil {
		return err
	}
	return r.rest(ctx, "demessaging", 0, address, r.lab.Python(), module)
}

// starts measures the commands that need no broker.
func (r *runner) starts(ctx context.Context, name string, goal float64, argv ...string) error {
	for _, command := range []string{"--help", "schema"} {
		times := make([]float64, 4*r.rounds+1)
		for i := range times {
			r.show(fmt.Sprintf("%s %s", name, command))
			c := exec.CommandContext(ctx, argv[0], append(argv[1:], command)...)
			var errors bytes.Buffer
			c.Stderr = &errors
			begin := time.Now()
			if err := c.Run(); err != nil {
				return fmt.Errorf("%s %s: %w\n%s", name, command, err, &errors)
			}
			times[i] = float64(time.Since(begin)) / 1e6
		}
		r.ratios = append(r.ratios, ratio{What: fmt.Sprintf("start of a %s to the end of %s", name, command), Value: measure.Median(times), Unit: "ms", Goal: goal})
	}
	return nil
}

// rest measures a backend that waits.
func (r *runner) rest(ctx context.Context, name string, goal float64, address string, argv ...string) (err error) {
	base := "ws://" + address + "/ws/"
	topic := topic + "-" + name
	c := exec.CommandContext(ctx, argv[0], append(argv[1:], "--topic", topic, "--websocket-url", base, "listen")...)
	var log bytes.Buffer
	c.Stdout, c.Stderr = &log, &log
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = 10 * time.Second
	if err := c.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	var exit error
	go func() { defer close(ended); exit = c.Wait() }()
	defer func() { // it is stopped the hard way: what it does at its end is tested elsewhere
		err = errors.Join(err, ignoreEnded(c.Process.Kill()))
		<-ended
	}()
	pinging, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	client, err := dasf.Dial(pinging, transport.WebSocket(base, transport.Options{}), topic, dasf.WithLogger(partLogger()))
	if err != nil {
		return err
	}
	_, err = client.Ping(pinging)
	client.Close()
	if err != nil {
		select {
		case <-ended:
			return fmt.Errorf("%s ended: %w\n%s", name, exit, &log)
		default:
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	r.show(name + " at rest")
	if err := pause(ctx, settle); err != nil {
		return err
	}
	memory, err := measure.ResidentMemory(c.Process.Pid)
	if err != nil {
		return err
	}
	r.ratios = append(r.ratios, ratio{What: fmt.Sprintf("memory (RSS) of a %s at rest", name), Value: float64(memory) / 1e6, Unit: "MB", Goal: goal})
	return nil
}

func ignoreEnded(err error) error {
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}
