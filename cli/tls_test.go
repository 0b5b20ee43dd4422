package cli_test

import (
	"encoding/pem"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/broker"
)

// The certificate of a broker is trusted where --ca-file, or its variable,
// names the authority.
func TestCAFile(t *testing.T) {
	b, err := broker.New(broker.Config{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(b)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(func() { _ = b.Close(); server.Close() })
	dir := t.TempDir()
	right := filepath.Join(dir, "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(right, text, 0o600); err != nil {
		t.Fatal(err)
	}
	url := "wss" + strings.TrimPrefix(server.URL, "https") + "/ws/"
	for _, tt := range []struct {
		name          string
		args, environ []string
		trusted       bool
	}{
		{"line", []string{"--ca-file", right}, []string{"DE_BACKEND_CA_FILE=/none.pem"}, true},
		{"variable", nil, []string{"DE_BACKEND_CA_FILE=" + right}, true},
		{"default", nil, nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := call(t, append([]string{"--websocket-url", url, "test-connect"}, tt.args...), tt.environ, module(dasf.Config{Topic: "topic"}))
			if (got.code == 0) != tt.trusted || !tt.trusted && !strings.Contains(got.err, "certificate") {
				t.Errorf("exit code %d, stdout %q, stderr %q", got.code, got.out, got.err)
			}
		})
	}
}
