package progressview_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mattn/go-runewidth"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/progressview"
)

// A stage is a view with a clock that stands until it is moved.
type stage struct {
	*progressview.View
	t    *testing.T
	out  *strings.Builder
	time time.Time
}

func newStage(t *testing.T, mode progressview.Mode) *stage {
	s := &stage{t: t, out: new(strings.Builder), time: time.Unix(0, 0)}
	s.View = progressview.New(progressview.Options{Out: s.out, Mode: mode, Lookup: func(string) (string, bool) { return "", false }})
	s.Clock(func() time.Time { return s.time })
	return s
}

// show shows a report as a client gets it: read from JSON, and after a while.
func (s *stage) show(r *dasf.ProgressReport, after time.Duration) {
	s.t.Helper()
	s.time = s.time.Add(after)
	text, err := r.MarshalJSON()
	if err != nil {
		s.t.Fatal(err)
	}
	read := new(dasf.ProgressReport)
	if err := read.UnmarshalJSON(text); err != nil {
		s.t.Fatal(err)
	}
	s.Show(read)
}

// script plays a computation: two files, of which the second has a failing part.
func script(s *stage) *dasf.ProgressReport {
	r := dasf.NewProgressReport("Reading the archive", 3)
	s.show(r, 0)
	a := r.Sub("first_file_with_a_long_name.nc", 200)
	s.show(r, time.Second)
	a.Advance(50)
	s.show(r, 3*time.Second)
	a.Advance(150)
	a.Complete(nil)
	b := r.Sub("second.nc", 0)
	s.show(r, 9*time.Second)
	part := b.Sub("head", 0)
	s.show(r, 100*time.Millisecond)
	part.Complete(errors.New("broken"))
	b.Sub("index", 0)
	s.show(r, 300*time.Millisecond)
	return r
}

func TestTree(t *testing.T) {
	for _, test := range []struct {
		name          string
		width, height int
		unicode       bool
		want          string
	}{
		{"80 columns", 79, 24, true, `
• Reading the archive               [=====>-----------]     1/3  13s ~26s
├─ ✓ first_file_with_a_long_name.nc [=================] 200/200  12s
└─ • second.nc                                                1 0.4s
   ├─ ✗ head                                                    0.3s
   └─ • index                                                   0.0s`},
		{"40 columns", 39, 24, true, `
• Reading the archive          1/3  13s
├─ ✓ first_file_with_a_lo… 200/200  12s
└─ • second.nc                   1 0.4s
   ├─ ✗ head                       0.3s
   └─ • index                      0.0s`},
		{"no UTF-8", 39, 24, false, `
* Reading the archive          1/3  13s
|- + first_file_with_a_lo. 200/200  12s
` + "`" + `- * second.nc                   1 0.4s
   |- ! head                       0.3s
   ` + "`" + `- * index                      0.0s`},
		{"20 columns", 20, 24, false, `
* Reading t.     1/3
|- + first_. 200/200
` + "`" + `- * second.       1
   |- ! head
   ` + "`" + `- * ind.`},
		{"what is over goes first where there is no room", 79, 5, true, `
• Reading the archive [=====>-----------] 1/3  13s ~26s
└─ • second.nc                              1 0.4s
   ├─ ✗ head                                  0.3s
   └─ • index                                 0.0s`},
		{"what runs goes last", 79, 4, true, `
• Reading the archive [=====>-----------] 1/3  13s ~26s
└─ • second.nc                              1 0.4s
• and 2 more`},
		{"one line", 79, 2, true, `
• Reading the archive [=====>-----------] 1/3 13s ~26s`},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, progressview.Tree)
			s.Terminal(test.width+1, test.height, test.unicode)
			script(s)
			got := s.Frame(test.width)
			if diff := cmp.Diff(strings.Split(strings.TrimPrefix(test.want, "\n"), "\n"), got); diff != "" {
				t.Errorf("%s\n%s", diff, strings.Join(got, "\n"))
			}
		})
	}
}

// Whatever the size of the terminal and the reports, no line is longer than it
// and there are no more than it has.
func TestTreeFitsTheTerminal(t *testing.T) {
	r := dasf.NewProgressReport("日本語のメッセージ with wide letters\nand two lines\x1b[2J", 5)
	deep := r
	for i := range 30 {
		deep = deep.Sub(fmt.Sprint("level ", i), i*1_000_000)
		deep.Advance(i * 10_000)
		r.Sub(strings.Repeat("é", i), 3).Complete(nil)
	}
	for _, width := range []int{1, 2, 3, 5, 8, 13, 20, 30, 39, 40, 60, 79, 120} {
		for _, height := range []int{1, 2, 3, 10, 50} {
			s := newStage(t, progressview.Tree)
			s.Terminal(width+1, height, true)
			s.show(r, 0)
			lines := s.Frame(width)
			if len(lines) > max(1, height-1) {
				t.Fatalf("%d lines on a terminal of %d", len(lines), height)
			}
			for _, line := range lines {
				if runewidth.StringWidth(line) > width || strings.ContainsAny(line, "\n\x1b") {
					t.Fatalf("width %d: %q", width, line)
				}
			}
		}
	}
}

// Failures that have no room, here or in the report itself, stay as a number.
func TestFailuresAreCounted(t *testing.T) {
	s := newStage(t, progressview.Tree)
	s.Terminal(80, 7, true)
	r := dasf.NewProgressReport("root", 0)
	for i := range 1000 {
		var err error
		if i%2 == 0 {
			err = errors.New("even")
		}
		r.Sub(fmt.Sprint("step ", i), 0).Complete(err)
	}
	r.Sub("open", 0)
	s.show(r, 0)
	want := `
• root                1000 0.0s
├─ ✗ 499 steps failed
├─ ✓ step 997
├─ ✗ step 998
├─ ✓ step 999
└─ • open                  0.0s`
	if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), strings.Join(s.Frame(79), "\n")); diff != "" {
		t.Error(diff)
	}
}

func TestPlainLines(t *testing.T) {
	s := newStage(t, progressview.Plain)
	r := script(s)
	r.Complete(errors.New("broken"))
	s.show(r, time.Second)
	s.show(r, time.Second) // nothing new
	want := `Reading the archive: started, 3 steps
Reading the archive > first_file_with_a_long_name.nc: started, 200 steps
Reading the archive > first_file_with_a_long_name.nc: 50 of 200 steps, about 9.0s left
Reading the archive > first_file_with_a_long_name.nc: done, 200 of 200 steps in 12s
Reading the archive > second.nc: started
Reading the archive > second.nc > head: started
Reading the archive > second.nc > head: failed in 0.3s
Reading the archive > second.nc > index: started
Reading the archive > second.nc > index: failed in 1.0s
Reading the archive > second.nc: failed, 2 steps in 1.4s
Reading the archive: failed, 2 of 3 steps in 14s
`
	if diff := cmp.Diff(want, s.out.String()); diff != "" {
		t.Error(diff)
	}
}

// A loop of a million steps writes a line a second, not ten.
func TestPlainLinesOfStepsAreFew(t *testing.T) {
	s := newStage(t, progressview.Plain)
	r := dasf.NewProgressReport("loop", 1000)
	for range 100 {
		r.Advance(10)
		s.show(r, 100*time.Millisecond)
	}
	r.Complete(nil)
	s.show(r, 0)
	if n := strings.Count(s.out.String(), "\n"); n != 11 {
		t.Errorf("%d lines in ten seconds:\n%s", n, s.out)
	}
}

func TestManyChangesAtOnceAreCounted(t *testing.T) {
	s := newStage(t, progressview.Plain)
	r := dasf.NewProgressReport("many", 0)
	s.show(r, 0)
	for i := range 300 {
		r.Sub(fmt.Sprint("step ", i), 0).Complete(nil)
	}
	r.Complete(nil)
	s.show(r, time.Second)
	lines := strings.Split(strings.TrimSpace(s.out.String()), "\n")
	if len(lines) != 23 || lines[21] != "many: 280 more changes" || lines[22] != "many: done, 300 steps in 1.0s" {
		t.Errorf("got %q", lines)
	}
}

// Reports have no names of their own; a node is found again although older ones
// were folded and its message has changed.
func TestNodesAreFoundAgain(t *testing.T) {
	s := newStage(t, progressview.Tree)
	s.Terminal(80, 24, true)
	r := dasf.NewProgressReport("root", 0)
	slow := r.Sub("slow", 0)
	s.show(r, 0)
	for i := range 1000 {
		r.Sub(fmt.Sprint("quick ", i), 0).Complete(nil)
	}
	slow.SetMessage("still slow")
	s.show(r, time.Minute)
	slow.SetMessage("slower still")
	last := r.Sub("last", 0)
	s.show(r, time.Minute)
	last.SetMessage("the very last")
	s.show(r, time.Second)
	got := strings.Join(s.Frame(79), "\n")
	for _, want := range []string{"slower still 2:01", "the very last 1.0s"} {
		if !strings.Contains(strings.Join(strings.Fields(got), " "), want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestPrintReportsAreWrittenOnce(t *testing.T) {
	s := newStage(t, progressview.Auto)
	show := func(messages string, status string) {
		r := new(dasf.PrintReport)
		if err := r.UnmarshalJSON([]byte(`{"messages":` + messages + `,"status":"` + status + `"}`)); err != nil {
			t.Fatal(err)
		}
		s.Print(r)
	}
	show(`["a"]`, "running")
	show(`["a","b\nc"]`, "running")
	show(`["a","b\nc"]`, "running")
	show(`["5 earlier lines were left out","f","g\u001b[2J"]`, "running")
	show(`["5 earlier lines were left out","f","g",""]`, "success")
	if diff := cmp.Diff("a\nb\nc\n(2 lines were left out)\nf\ng[2J\n", s.out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestModes(t *testing.T) {
	for _, test := range []struct {
		mode     progressview.Mode
		terminal bool
		method   string
		want     bool // lines are written, as it is neither a tree nor nothing
	}{
		{progressview.Auto, false, "AUTO", true},
		{progressview.Auto, false, "WINDOWED", true},
		{progressview.Auto, false, "PRINT", true},
		{progressview.Auto, false, "NONE", false},
		{progressview.Auto, true, "PRINT", true},
		{progressview.Plain, true, "NONE", true},
		{progressview.Tree, false, "PRINT", true},
		{progressview.None, false, "PRINT", false},
	} {
		s := newStage(t, test.mode)
		if test.terminal {
			s.Terminal(80, 24, true)
		}
		r := new(dasf.ProgressReport)
		if err := r.UnmarshalJSON([]byte(`{"step_message":"a","settings":{"show_method":"` + test.method + `"}}`)); err != nil {
			t.Fatal(err)
		}
		s.Show(r)
		s.Close()
		if got := s.out.String() == "a: started\n"; got != test.want {
			t.Errorf("%+v: got %q", test, s.out)
		}
		if got := len(s.CallOptions()) > 0; got != (test.mode != progressview.None) {
			t.Errorf("%+v: options: %v", test, got)
		}
	}
}

func TestShowMethods(t *testing.T) {
	for method, want := range map[string]progressview.Mode{
		"NONE": progressview.None, "print": progressview.Plain, "WINDOWED": progressview.Tree,
		"AUTO": progressview.Auto, "JUPYTER": progressview.Auto, "": progressview.Auto,
	} {
		if got, err := progressview.ParseMethod(method); err != nil || got != want {
			t.Errorf("%s: got %s, %v", method, got, err)
		}
	}
	if _, err := progressview.ParseMethod("LOUD"); err == nil || !strings.Contains(err.Error(), `DASF_REPORT_SHOW_METHOD is "LOUD"`) {
		t.Errorf("got %v", err)
	}
}

func TestStyleOfTheEnvironment(t *testing.T) {
	for _, test := range []struct {
		vars            map[string]string
		unicode, colour bool
	}{
		{map[string]string{"LANG": "de_DE.UTF-8"}, true, true},
		{map[string]string{"LANG": "C.utf8", "NO_COLOR": "1"}, true, false},
		{map[string]string{"LC_ALL": "C", "LANG": "de_DE.UTF-8"}, false, true},
		{nil, false, true},
	} {
		unicode, colour := progressview.StyleOf(func(name string) (string, bool) { v, ok := test.vars[name]; return v, ok })
		if unicode != test.unicode || colour != test.colour {
			t.Errorf("%v: %v, %v", test.vars, unicode, colour)
		}
	}
}

// The tree is drawn and messages are printed at the same time; Close may come twice.
func TestTreeWhileMessagesComePrinted(t *testing.T) {
	s := newStage(t, progressview.Tree)
	s.Terminal(80, 24, true)
	r := dasf.NewProgressReport("root", 100)
	p := dasf.NewPrintReport()
	s.Show(r)
	var wg sync.WaitGroup
	wg.Go(func() {
		for range 100 {
			r.Step()
			s.Show(r)
		}
	})
	wg.Go(func() {
		for range 100 {
			p.Print("line")
			s.Print(p)
		}
	})
	for range 100 {
		s.Frame(79)
	}
	wg.Wait()
	s.Close()
	s.Close()
	s.Show(r)
	s.Print(p)
}
