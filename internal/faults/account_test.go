//go:build interop

package faults_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/dasf-go/dasf/internal/interop/peers"
)

// usage is what a process holds.
type usage struct {
	Sockets, Goroutines int
	Heap                int64 // bytes that live
}

// A process is a role, with what it says about itself.
type process struct {
	*peers.Process
	probe string
}

// usage asks the process what it holds.
func (p *process) usage(t testing.TB) usage {
	t.Helper()
	client := http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + p.probe)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var u usage
	if err := json.NewDecoder(resp.Body).Decode(&u); err != nil {
		t.Fatal(err)
	}
	return u
}

// An account is what came of the requests of one fault on one broker.
type account struct {
	fault, broker string
	sent          int
	once, twice   int // answered
	failed        int // reported to the caller
	lost          int // neither, until the caller's own time was over
	hung          int // and then the call did not return
	ran           int // starts of a handler, -1 where nobody counted

	codes         map[string]int // of those that failed
	before, after map[string]usage
	took          time.Duration
}

// accounts are those of all tests.
type accounts struct {
	mu   sync.Mutex
	list []*account
}

func (a *accounts) add(one *account) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.list = append(a.list, one)
}

func (a *accounts) print(out io.Writer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.list) == 0 {
		return
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nfault\tbroker\tsent\tonce\ttwice\tfailed\tlost\thung\tran\tseconds\tsockets, goroutines, heap before > after")
	lost, hung := 0, 0
	first := map[string]int{} // faults in the order in which they were tried
	for i, x := range a.list {
		if _, ok := first[x.fault]; !ok {
			first[x.fault] = i
		}
	}
	slices.SortStableFunc(a.list, func(x, y *account) int {
		return cmp.Or(first[x.fault]-first[y.fault], placeOf(x.broker)-placeOf(y.broker))
	})
	for _, x := range a.list {
		ran := fmt.Sprint(x.ran)
		if x.ran < 0 {
			ran = "-"
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%.1f\t%s\n", x.fault, x.broker,
			x.sent, x.once, x.twice, x.failed, x.lost, x.hung, ran, x.took.Seconds(), x.held())
		lost += x.lost
		hung += x.hung
	}
	w.Flush()
	fmt.Fprintf(out, "lost %d, hung %d\n", lost, hung)
}

func placeOf(broker string) int {
	return slices.IndexFunc(kinds, func(k kind) bool { return k.name == broker })
}

func (x *account) held() string {
	text := ""
	for _, name := range []string{"client", "backend", "broker"} {
		b, ok := x.before[name]
		if !ok {
			continue
		}
		after := x.after[name]
		if text != "" {
			text += "; "
		}
		text += fmt.Sprintf("%s %d>%d, %d>%d, %.1f>%.1f MB", name, b.Sockets, after.Sockets,
			b.Goroutines, after.Goroutines, float64(b.Heap)/1e6, float64(after.Heap)/1e6)
	}
	return text
}
