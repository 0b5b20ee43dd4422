package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The state folder of a broker that does not run can be administered, and needs
// no token: who may write the folder may do everything.
func TestTopicsInTheStateFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	state := func(args ...string) []string {
		return append(append([]string{"broker", "topic"}, args...), "--state-dir", dir)
	}
	al := strings.TrimSpace(dasfOK(t, "broker", "token", "create", "al", "--state-dir", dir))
	dasfOK(t, state("create", "t", "--producer", "al", "--store-messages", "store")...)
	if list := dasfOK(t, state("list")...); !regexp.MustCompile(`(?m)^t +no +0 +0 +0 +no +yes$`).MatchString(list) {
		t.Errorf("list:\n%s", list)
	}
	eve := strings.TrimSpace(dasfOK(t, "broker", "token", "create", "eve", "--state-dir", dir))
	r := runBroker(t, "--state-dir", dir)
	for token, want := range map[string]int{al: 101, eve: 403, "": 401} {
		if _, status := connect(t, r, "/ws/t", token); status != want {
			t.Errorf("%q: %d, want %d", token, status, want)
		}
	}
	// The broker has the folder for itself.
	code, _, errs := dasfRun(t, nil, state("list")...)
	if code == 0 || !strings.Contains(errs, "--state-dir "+dir) || !strings.Contains(errs, "--url") {
		t.Errorf("while the broker runs: exit code %d, %s", code, errs)
	}
}

// A first message gives rights that outlive the broker.
func TestRightsOutliveTheBroker(t *testing.T) {
	dir := t.TempDir()
	al := strings.TrimSpace(dasfOK(t, "broker", "token", "create", "al", "--may-create-topics", "--state-dir", dir))
	eve := strings.TrimSpace(dasfOK(t, "broker", "token", "create", "eve", "--may-create-topics", "--state-dir", dir))
	t.Run("first", func(t *testing.T) {
		r := runBroker(t, "--state-dir", dir)
		ws, status := connect(t, r, "/ws/t", al)
		if ws == nil {
			t.Fatal(status)
		}
		request := `{"properties":{"response_topic":"t_abcdefgh","messageType":"request","requestContext":"1"},"payload":"eA=="}`
		if err := ws.WriteMessage(1, []byte(request)); err != nil {
			t.Fatal(err)
		}
		if _, answer, err := ws.ReadMessage(); err != nil || !strings.Contains(string(answer), `"ok"`) {
			t.Fatalf("%s, %v", answer, err)
		}
	})
	t.Run("second", func(t *testing.T) {
		r := runBroker(t, "--state-dir", dir)
		for path, want := range map[string][2]int{"/ws/t": {101, 403}, "/ws/t/s": {101, 403}, "/ws/t_abcdefgh/s": {101, 403}} {
			for i, token := range []string{al, eve} {
				if _, status := connect(t, r, path, token); status != want[i] {
					t.Errorf("%s as %s: %d, want %d", path, []string{"al", "eve"}[i], status, want[i])
				}
			}
		}
	})
}
