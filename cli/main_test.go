package cli_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/cli"
)

// mainVariable makes this program a backend, for tests of what only a process
// of its own has: signals and an exit code.
const mainVariable = "DASF_TEST_MAIN"

// TestMain fails the package if a goroutine of ours is left.
func TestMain(m *testing.M) {
	if os.Getenv(mainVariable) != "" {
		cli.Main(module(dasf.Config{Topic: "topic"}, dasf.Func("sleep", sleep), dasf.Func("stay", stay)))
	}
	code := m.Run()
	if left := leaked(); left != "" && code == 0 {
		fmt.Fprintf(os.Stderr, "goroutines are left:\n\n%s\n", left)
		code = 1
	}
	os.Exit(code)
}

// sleep runs until its context ends.
func sleep(ctx context.Context, _ noParams) (string, error) {
	fmt.Println("sleeping")
	<-ctx.Done()
	return "", context.Cause(ctx)
}

// stay never ends.
func stay(context.Context, noParams) (string, error) {
	fmt.Println("staying")
	select {}
}

// leaked returns the stacks of goroutines that run our code, or gorilla's,
// after all tests. One that is about to end is given time for it.
func leaked() string {
	var left string
	for range 200 {
		left = ""
		buf := make([]byte, 4<<20)
		buf = buf[:runtime.Stack(buf, true)]
		for stack := range strings.SplitSeq(string(buf), "\n\n") {
			if strings.Contains(stack, "dasf-go/dasf/") && !strings.Contains(stack, "cli_test.TestMain") ||
				strings.Contains(stack, "gorilla/websocket") {
				left += stack + "\n\n"
			}
		}
		if left == "" {
			return ""
		}
		time.Sleep(10 * time.Millisecond)
	}
	return left
}
