package dasf_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Only internal/typed looks at types while the program runs, or past them.
func TestReflectAndUnsafeAreImportedByOnePackage(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		if slices.Contains(words[1:], "reflect") || slices.Contains(words[1:], "unsafe") {
			found = append(found, words[0])
		}
	}
	if want := []string{"github.com/dasf-go/dasf/internal/typed"}; !slices.Equal(found, want) {
		t.Errorf("imported by %q, want %q", found, want)
	}
}
