package pyfmt_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/codegen/internal/pyfmt"
)

type recorded struct {
	Width         int
	Source, Black string
}

// recordings returns what black made of statements; testdata/record.py says how.
func recordings(t testing.TB) []recorded {
	t.Helper()
	f, err := os.Open("testdata/black.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []recorded
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var r recorded
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	if len(out) < 100 {
		t.Fatalf("%d recordings", len(out))
	}
	return out
}

func TestBreaksLinesAsBlackDoes(t *testing.T) {
	for i, r := range recordings(t) {
		if diff := cmp.Diff(r.Black, pyfmt.Format(r.Source, r.Width)); diff != "" {
			t.Errorf("line %d, width %d (-black +ours):\n%s", i+1, r.Width, diff)
		}
	}
}

func TestLeavesAlone(t *testing.T) {
	for name, text := range map[string]string{
		"a string of several lines": "x = \"\"\"one = f(a, b, c, d, e)\ntwo = f(a, b, c, d, e)\n\"\"\"\n",
		"what is broken already":    "x = [\n    1,\n    2, 3, 4, 5, 6, 7, 8, 9, 10,\n]\n",
		"comments":                  "# a comment that is much longer than the line is\n",
		"what is told to be off":    "# fmt: off\nx = f(aaaaaaaaa, bbbbbbbbb, ccccccccc)\n# fmt: on\n",
		"operators":                 "x = aaaaaaaaaaaaaaa + bbbbbbbbbbbbbbbbbb\n",
		"comparisons":               "if __name__ == \"__main__\":\n    pass\n",
		"brackets that do not fit":  "x = (aaaaaaaaaaaaaaaaaaaaaaaaaaaa]\n",
		"an open string":            "x = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
		"nothing":                   "",
	} {
		if got := pyfmt.Format(text, 20); got != text {
			t.Errorf("%s: got\n%s", name, got)
		}
	}
}

func TestGoesOnBehindWhatItLeavesAlone(t *testing.T) {
	text := "x = \"\"\"(\n\"\"\"\n# fmt: off\ny = f(aaaaaaaaa, bbbbbbbbb)\n# fmt: on\nz = f(aaaaaaaaa, bbbbbbbbb)\n"
	want := strings.TrimSuffix(text, "z = f(aaaaaaaaa, bbbbbbbbb)\n") + "z = f(\n    aaaaaaaaa, bbbbbbbbb\n)\n"
	if diff := cmp.Diff(want, pyfmt.Format(text, 24)); diff != "" {
		t.Error(diff)
	}
}

func TestWidth(t *testing.T) {
	for text, want := range map[string]int{"": 0, "abc": 3, "größe": 5, "日本": 4, "한": 2, "😀": 2} {
		if got := pyfmt.Width(text); got != want {
			t.Errorf("%q: %d columns, want %d", text, got, want)
		}
	}
}

// Whatever it is given, Format ends, and changes nothing but spaces, line
// breaks, trailing commas and brackets.
func FuzzFormat(f *testing.F) {
	for _, r := range recordings(f)[:40] {
		f.Add(r.Source, r.Width)
	}
	f.Add("x = \"\\", 1)
	f.Add("def f(", 3)
	f.Add("def f() -> ((((x[a,]))))):", 1)
	f.Fuzz(func(t *testing.T, source string, width int) {
		if len(source) > 1000 {
			return
		}
		got := pyfmt.Format(source, width)
		strip := strings.NewReplacer(" ", "", "\n", "", ",", "", "(", "", ")", "")
		if a, b := strip.Replace(source), strip.Replace(got); a != b {
			t.Errorf("%q became %q at %d", source, got, width)
		}
	})
}

func ExampleFormat() {
	fmt.Print(pyfmt.Format("numbers = sorted([1, 2, 3], key=abs)\n", 24))
	// Output:
	// numbers = sorted(
	//     [1, 2, 3], key=abs
	// )
}
