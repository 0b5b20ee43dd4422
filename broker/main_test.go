package broker

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain fails the package when a test leaves a goroutine of the broker
// behind. With DASF_TEST_BROKER the process is not a test, but a broker with that
// folder for a test to kill.
func TestMain(m *testing.M) {
	if dir := os.Getenv("DASF_TEST_BROKER"); dir != "" {
		fmt.Fprintln(os.Stderr, serveForTest(dir))
		os.Exit(1)
	}
	code := m.Run()
	if stacks := leftovers(5 * time.Second); stacks != "" {
		fmt.Fprintf(os.Stderr, "goroutines were left behind:\n%s\n", stacks)
		code = 1
	}
	os.Exit(code)
}

// serveForTest runs a broker until the process is killed. It prints its address.
func serveForTest(dir string) error {
	b, err := New(Config{Dir: dir})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	return http.Serve(l, b)
}

// leftovers returns the stacks of goroutines of this package, once they have
// had time to end.
func leftovers(patience time.Duration) string {
	for deadline := time.Now().Add(patience); ; runtime.Gosched() {
		buffer := make([]byte, 4<<20)
		var found []string
		for stack := range strings.SplitSeq(string(buffer[:runtime.Stack(buffer, true)]), "\n\n") {
			if strings.Contains(stack, "dasf-go/dasf/broker.(*") {
				found = append(found, stack)
			}
		}
		if len(found) == 0 || time.Now().After(deadline) {
			return strings.Join(found, "\n\n")
		}
	}
}
