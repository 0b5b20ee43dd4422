package peers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// findChromium returns the browser's program. Its version is the system's: an
// old one is a browser that pages have to work in as well.
func findChromium() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New(`needs chromium, chromium-browser or google-chrome on the PATH: install one, or run "make peers" as root on Debian`)
}

// getChromium runs under flock, so that of two installations one waits for the other.
const getChromium = `command -v chromium ||
{ apt-get update && apt-get install --yes --no-install-recommends chromium; }`

// installChromium installs Debian's package where no browser is found, which
// takes apt-get and root.
func (c Cache) installChromium(ctx context.Context) (path string, done bool, err error) {
	if path, err = findChromium(); err == nil {
		return path, false, nil
	}
	if _, lookErr := exec.LookPath("apt-get"); lookErr != nil || os.Geteuid() != 0 {
		return "", false, err
	}
	log, err := os.CreateTemp(c.dir, "chromium-*.log")
	if err != nil {
		return "", false, err
	}
	defer os.Remove(log.Name())
	defer log.Close()
	cmd := exec.CommandContext(ctx, "flock", filepath.Join(c.dir, "chromium.lock"), "sh", "-c", getChromium)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Run(); err != nil {
		return "", false, fmt.Errorf("apt-get: %w\n%s", err, tail(log.Name(), 30))
	}
	path, err = findChromium()
	return path, true, err
}

// StartChromium shows a page in a browser without a window until the test ends.
func (l *Lab) StartChromium(t testing.TB, url string) *Process {
	t.Helper()
	profile := l.Folder(t, "profile")
	// Root and containers have no sandbox and little shared memory.
	argv := []string{
		l.chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--remote-debugging-port=0", "--user-data-dir=" + profile, url,
	}
	return l.StartProgram(t, "chromium", argv)
}
