package measure

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// A Starter starts one process of a [Chain]. address is the last one that a
// process before it printed.
type Starter func(ctx context.Context, address string) (*Process, error)

// A Chain is what a call passes: processes that are started in this order, each
// once the one before is ready. Where one is nil it is not there, or runs
// already. Broker and Backend are a [Part] that serves, Client is one that
// measures.
type Chain struct {
	Address                 string // of what runs already
	Broker, Backend, Client Starter
}

// Measure measures a load once.
func (c Chain) Measure(ctx context.Context, load Load) (round Round, err error) {
	ctx, cancel := context.WithTimeout(ctx, load.WarmUp+load.Duration+5*time.Minute)
	defer cancel() // kills what is left of them
	address := c.Address
	var served []*Process
	for _, start := range []Starter{c.Broker, c.Backend} {
		if start == nil {
			served = append(served, nil)
			continue
		}
		p, err := start(ctx, address)
		if err != nil {
			return round, err
		}
		printed, err := p.Ready()
		if err != nil {
			return round, err
		}
		address = cmp.Or(printed, address)
		served = append(served, p)
	}
	client, err := c.Client(ctx, address)
	if err != nil {
		return round, err
	}
	if err := client.Tell(load); err != nil {
		return round, err
	}
	text, err := client.Line()
	if err != nil {
		return round, err
	}
	if err := json.Unmarshal([]byte(text), &round.Result); err != nil {
		return round, fmt.Errorf("the client printed %q: %w", text, err)
	}
	for _, end := range []struct {
		process *Process
		usage   **Usage
	}{{client, &round.Client}, {served[1], &round.Backend}, {served[0], &round.Broker}} {
		if end.process == nil {
			continue
		}
		usage, err := end.process.Stop()
		if err != nil {
			return round, err
		}
		*end.usage = &usage
	}
	return round, nil
}

// readyLine begins the line that a part prints once it serves.
const readyLine = "ready on "

// Ready waits until a part serves, and returns the address that it prints,
// which may be empty.
func (p *Process) Ready() (string, error) {
	line, err := p.Line()
	if err != nil {
		return "", err
	}
	address, ok := strings.CutPrefix(line, readyLine)
	if !ok {
		return "", fmt.Errorf("%s printed %q", p, line)
	}
	return address, nil
}
