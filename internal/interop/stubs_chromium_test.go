//go:build interop

package interop_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// inChromium shows a page of a folder and returns what the page posts to /said.
func inChromium(t *testing.T, folder, page string) string {
	t.Helper()
	said := make(chan string, 1)
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(folder)))
	mux.HandleFunc("POST /said", func(_ http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		said <- string(text)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	lab.StartChromium(t, server.URL+"/"+page)
	return await(t, said, "the page's answer")
}

// A page with only the compiled stub calls a backend from Chromium.
func TestTypeScriptStubInChromium(t *testing.T) {
	t.Parallel()
	folder := compiled(t)
	copyStubFile(t, folder, "page.html")
	for _, b := range stubBackends {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			at, topic := embedded("")(t), lab.Topic("stub")
			b.start(t, at, topic)
			page := "page.html#" + url.PathEscape(callOptions(t, at, topic, ableOf(b)))
			if text := inChromium(t, folder, page); text != "all right" {
				t.Error(text)
			}
		})
	}
}

// The example of docs/stubs.md, made and used as it is described there.
func TestExamplePageInChromium(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "progress")
	output(t, exec.Command("go", "build", "-o", program, "../../examples/progress"))
	folder := lab.Folder(t, "page")
	copyStubFile(t, folder, "frame.html")
	page, err := os.ReadFile("../../examples/web/index.html")
	if err != nil {
		t.Fatal(err)
	}
	write(t, folder, "index.html", page)
	write(t, folder, "progress.ts", []byte(output(t, exec.Command(program, "generate", "--lang", "typescript"))))
	if said, err := nodeTool(folder, "tsc", "--target", "es2022", "progress.ts"); err != nil {
		t.Fatalf("tsc: %v\n%s", err, said)
	}
	at := embedded("")(t)
	startProgram(t, at, "progress-topic", program)
	want := "From a page: success\nstep 0: success\nstep 1: success\nstep 2: success\ndone 3"
	if got := inChromium(t, folder, "frame.html?url="+url.QueryEscape(at.BaseURL())); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
