package main

import (
	"context"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/dasf-go/dasf/internal/interop/peers"
	"github.com/dasf-go/dasf/internal/measure"
)

//go:embed python/*.py
var pythonFiles embed.FS

// pythonFile writes one of the scripts to where Python can run it.
func (r *runner) pythonFile(name string) (string, error) {
	folder, err := r.folderFor()
	if err != nil {
		return "", err
	}
	text, err := pythonFiles.ReadFile("python/" + name)
	if err != nil {
		return "", err
	}
	file := filepath.Join(folder, name)
	return file, os.WriteFile(file, text, 0o600)
}

// pulsar compares calls through Pulsar with the least that one can do there.
func pulsar(ctx context.Context, r *runner) error {
	r.show("starting Pulsar")
	p, err := r.lab.LaunchPulsar(peers.PulsarOptions{})
	if err != nil {
		return err
	}
	defer p.Stop()
	contenders := []contender{
		{"DASF on Pulsar", measure.Chain{Address: p.Addr, Backend: starter("dasf", "backend"), Client: starter("dasf", "client")}},
		{"bare echo on Pulsar", measure.Chain{Address: p.Addr, Backend: starter("echo", "backend"), Client: starter("echo", "client")}},
	}
	for _, inFlight := range []int{1, 64} {
		f, err := r.measure(ctx, measure.Load{Payload: 100, InFlight: inFlight}, contenders...)
		if err != nil {
			return err
		}
		q := ratio{What: fmt.Sprintf("Pulsar, non-persistent, 100 B, %d in flight: calls/s of DASF ÷ bare echo", inFlight), Value: perRound(f[0], f[1], rate), AtLeast: true}
		if inFlight == 64 {
			q.Goal = 0.9
		}
		r.ratios = append(r.ratios, q)
	}
	return nil
}

// python compares with demessaging: with its broker, its client, its backend.
func python(ctx context.Context, r *runner) error {
	r.show("starting the Django broker")
	django, err := r.lab.LaunchDjango(peers.DjangoOptions{})
	if err != nil {
		return err
	}
	defer django.Stop()
	for _, name := range []string{"echo.py", "serve.py", "loop.py"} {
		if _, err := r.pythonFile(name); err != nil {
			return err
		}
	}
	backend := func(ctx context.Context, address string) (*measure.Process, error) {
		return r.python(ctx, "serve.py", "--topic", topic, "--websocket-url", "ws://"+address+"/ws/", "listen")
	}
	client := func(ctx context.Context, address string) (*measure.Process, error) {
		stub, err := r.stub(ctx, address)
		if err != nil {
			return nil, err
		}
		return r.python(ctx, "loop.py", stub)
	}
	broker := starter("dasf", "broker")
	goBackend, goClient := starter("plain", "backend"), starter("plain", "client")
	contenders := []contender{
		{"DASF", measure.Chain{Broker: broker, Backend: goBackend, Client: goClient}},
		{"Go client, Python backend", measure.Chain{Broker: broker, Backend: backend, Client: goClient}},
		{"Python client, Go backend", measure.Chain{Broker: broker, Backend: goBackend, Client: client}},
		{"DASF on Django", measure.Chain{Address: django.Endpoint.Addr, Backend: goBackend, Client: goClient}},
		{"demessaging on Django", measure.Chain{Address: django.Endpoint.Addr, Backend: backend, Client: client}},
	}
	for _, inFlight := range []int{1, 16} {
		f, err := r.measure(ctx, measure.Load{Payload: 100, InFlight: inFlight}, contenders...)
		if err != nil {
			return err
		}
		for _, other := range f[1:] {
			r.ratios = append(r.ratios, ratio{
				What: fmt.Sprintf("100 B, %d in flight: calls/s of DASF ÷ %s", inFlight, other.Contender), Value: perRound(f[0], other, rate),
			})
		}
	}
	return nil
}

// python starts a script that is a part.
func (r *runner) python(ctx context.Context, script string, args ...string) (*measure.Process, error) {
	return measure.Start(ctx, []string{"PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1", "DASF_REPORT_SHOW_METHOD=PRINT"},
		r.lab.Python(), append([]string{filepath.Join(r.folder, script)}, args...)...)
}

// stub has demessaging make the client of echo.py, which dials what is written
// in it.
func (r *runner) stub(ctx context.Context, address string) (string, error) {
	c := exec.CommandContext(ctx, r.lab.Python(), filepath.Join(r.folder, "echo.py"),
		"--topic", topic, "--websocket-url", "ws://"+address+"/ws/", "generate")
	text, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("generating the stub of echo.py: %w", err)
	}
	file := filepath.Join(r.folder, "stub.py")
	return file, os.WriteFile(file, text, 0o600)
}
