//go:build interop

package interop_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/dasf-go/dasf/internal/interop/peers"
)

// callLimit is how long a call may take on a busy machine before it counts as lost.
const callLimit = 2 * time.Minute

// lab holds the peers that the tests of this binary share.
var lab *peers.Lab

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	if os.Getenv(datasetVariable) != "" {
		return largeDataset()
	}
	var err error
	if lab, err = peers.Open(); err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		return 1
	}
	code := m.Run()
	if err := lab.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		return 1
	}
	return code
}

// python returns the path of a file in testdata/python.
func python(t testing.TB, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", "python", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// within returns a context that ends with the test, or when a call counts as lost.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), callLimit)
	t.Cleanup(cancel)
	return ctx
}
