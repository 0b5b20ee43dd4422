package peers

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// A PythonCall is an order to the driver script, which does it with demessaging's own client.
type PythonCall struct {
	// Member is a function of the stub, or a method if Class is set.
	Member string         `json:"call,omitempty"`
	Class  string         `json:"class,omitempty"`
	Init   map[string]any `json:"init,omitempty"` // the constructor's arguments
	Args   map[string]any `json:"args,omitempty"`

	// Send goes past the stub and its checks: a payload for MessageProducer.send_request.
	Send       any               `json:"send,omitempty"`
	Properties map[string]string `json:"properties,omitempty"`
}

// A PythonAnswer is what became of a call.
type PythonAnswer struct {
	Value json.RawMessage  `json:"value"`
	Error *PythonException `json:"error"`
}

// A PythonException is what the client raised.
type PythonException struct {
	Type string `json:"type"` // the class's name
	Text string `json:"text"`
}

func (e *PythonException) Error() string { return e.Type + ": " + e.Text }

// A PythonClient is a process with demessaging's client in it. Calls may be made
// from several goroutines; each runs on a thread of its own.
type PythonClient struct {
	cmd    *exec.Cmd
	ended  chan struct{}
	stderr strings.Builder

	mu      sync.Mutex
	stdin   io.WriteCloser
	next    int
	waiting map[int]chan PythonAnswer
	printed []string
}

// StartPythonClient runs the driver script with a generated stub until the test
// ends. A stub does not have the token of the endpoint that it was made for, so
// the driver gives it to it, as a user's program would.
func (l *Lab) StartPythonClient(t testing.TB, driver, stub string, at Endpoint) *PythonClient {
	t.Helper()
	c := &PythonClient{
		cmd:     exec.Command(l.python, driver, stub),
		ended:   make(chan struct{}),
		waiting: map[int]chan PythonAnswer{},
	}
	// Without it a report draws with curses, which ends a process that has no terminal.
	c.cmd.Env = append(append(os.Environ(), pythonEnvironment...), "DASF_REPORT_SHOW_METHOD=PRINT")
	if at.Token != "" {
		c.cmd.Env = append(c.cmd.Env, "DRIVER_AUTHORIZATION=Token "+at.Token)
	}
	c.cmd.Stderr = &c.stderr
	c.cmd.SysProcAttr = endWithParent()
	stdin, err := c.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.stdin = stdin
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var readErr error
	go func() {
		defer close(c.ended)
		readErr = c.read(stdout)
		_ = c.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = c.cmd.Process.Kill() // a call that hangs for ever keeps its thread, so nothing gentler works
		<-c.ended
		if readErr != nil {
			t.Errorf("reading the Python client's answers: %v", readErr)
		}
		if t.Failed() {
			t.Logf("the Python client on stderr:\n%s", c.stderr.String())
		}
	})
	return c
}

func (c *PythonClient) read(stdout io.Reader) error {
	in := bufio.NewReader(stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, os.ErrClosed) {
				return nil
			}
			return err
		}
		var answer struct {
			ID      *int    `json:"id"`
			Printed *string `json:"printed"`
			PythonAnswer
		}
		if err := json.Unmarshal(line, &answer); err != nil {
			return fmt.Errorf("%w in %.200q", err, line)
		}
		c.mu.Lock()
		if answer.Printed != nil {
			c.printed = append(c.printed, *answer.Printed)
		}
		if answer.ID != nil {
			if w := c.waiting[*answer.ID]; w != nil {
				w <- answer.PythonAnswer // has room for it
				delete(c.waiting, *answer.ID)
			}
		}
		c.mu.Unlock()
	}
}

// Call makes a call and waits for its end. The error is an exception of the
// client ([*PythonException]), the end of ctx, or the end of the process: this
// client has no time-out of its own and waits for ever where an answer is lost.
func (c *PythonClient) Call(ctx context.Context, call PythonCall) (json.RawMessage, error) {
	answer, err := c.Start(call)
	if err != nil {
		return nil, err
	}
	return c.Wait(ctx, answer)
}

// Start sends a call and returns the channel that its answer comes on.
func (c *PythonClient) Start(call PythonCall) (<-chan PythonAnswer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next++
	line, err := json.Marshal(struct {
		ID int `json:"id"`
		PythonCall
	}{c.next, call})
	if err != nil {
		return nil, err
	}
	answer := make(chan PythonAnswer, 1)
	c.waiting[c.next] = answer
	if _, err := c.stdin.Write(append(line, '\n')); err != nil {
		return nil, fmt.Errorf("the Python client is gone: %w", err)
	}
	return answer, nil
}

// Wait waits for the answer to a call that was started, as [PythonClient.Call] does.
func (c *PythonClient) Wait(ctx context.Context, answer <-chan PythonAnswer) (json.RawMessage, error) {
	select {
	case a := <-answer:
		if a.Error != nil {
			return nil, a.Error
		}
		return a.Value, nil
	case <-c.ended:
		return nil, errors.New("the Python client has ended")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Printed returns what demessaging printed by itself so far, such as progress reports.
func (c *PythonClient) Printed() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.printed, "\n")
}
