// Workers shows that several backends share a topic, and that no request is
// lost when one of them is killed:
//
//	go run ./examples/workers
//
// With arguments the program is a backend like any other. Start it several
// times, against Apache Pulsar for example:
//
//	go run ./examples/workers -H pulsar.example.org -p 8080 --persistent persistent listen
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/broker"
	"github.com/dasf-go/dasf/cli"
	"github.com/dasf-go/dasf/transport"
)

const topic = "workers-topic"

// Request holds the parameters of simulate.
type Request struct {
	Milliseconds int `json:"milliseconds" default:"100" validate:"gte=0" description:"How long the simulation takes."`
}

// Simulate takes its time, and returns the name of the worker that ran it.
func Simulate(ctx context.Context, r Request) (string, error) {
	select {
	case <-time.After(time.Duration(r.Milliseconds) * time.Millisecond):
		return os.Getenv("WORKER"), nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func module() *dasf.Module {
	return dasf.NewModule(dasf.Config{Topic: topic},
		dasf.Func("simulate", Simulate).Doc("Run a simulation.").Returns("The name of the worker."))
}

func main() {
	if len(os.Args) > 1 {
		cli.Main(module())
	}
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run starts a broker and three workers, makes 60 calls, and kills a worker in
// the middle of them.
func run(ctx context.Context, out io.Writer) error {
	messages, err := broker.New(broker.Config{})
	if err != nil {
		return err
	}
	defer messages.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: messages}
	go server.Serve(listener)
	defer server.Close()

	var workers []*exec.Cmd
	for i := range 3 {
		worker, err := start(listener.Addr(), fmt.Sprintf("worker %d", i+1))
		if err != nil {
			return err
		}
		defer worker.Wait()
		defer worker.Process.Kill()
		workers = append(workers, worker)
	}
	client, err := dasf.Dial(ctx, transport.Pulsar(listener.Addr().String(), transport.PulsarOptions{}), topic)
	if err != nil {
		return err
	}
	defer client.Close()

	// A request that is sent before the workers listen waits for them.
	const calls = 60
	fmt.Fprintf(out, "%d workers, %d requests\n", len(workers), calls)
	ran := map[string]int{}
	var failed error
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range calls {
		wg.Go(func() {
			worker, err := dasf.Call[string](ctx, client, "simulate", Request{Milliseconds: 100})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = err
				return
			}
			ran[worker]++
			if ran[worker] == 4 && workers[1] != nil && worker == "worker 2" {
				workers[1].Process.Kill() // it has more in hand
				workers[1] = nil
				fmt.Fprintln(out, "worker 2 is killed")
			}
		})
	}
	wg.Wait()
	if failed != nil {
		return failed
	}
	answers := 0
	for _, worker := range slices.Sorted(maps.Keys(ran)) {
		fmt.Fprintf(out, "%s answered %d\n", worker, ran[worker])
		answers += ran[worker]
	}
	fmt.Fprintf(out, "%d answers\n", answers)
	return nil
}

// start runs this program once more, as a backend.
func start(address net.Addr, name string) (*exec.Cmd, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(address.String())
	if err != nil {
		return nil, err
	}
	worker := exec.Command(program, "--host", host, "--port", port, "--max-workers", "4", "listen")
	worker.Env = append(os.Environ(), "WORKER="+name)
	return worker, worker.Start()
}
