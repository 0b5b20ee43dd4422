//go:build interop

package faults_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/dasf-go/dasf"
)

const needsRoot = "it takes root, or: unshare -rm make faults"

// A disk is a file system of its own, in memory, which goes with the test.
type disk struct {
	t    *testing.T
	path string
}

func newDisk(t *testing.T, bytes int) *disk {
	t.Helper()
	d := &disk{t: t, path: t.TempDir()}
	if err := syscall.Mount("faults", d.path, "tmpfs", 0, fmt.Sprintf("mode=0700,size=%d", bytes)); err != nil {
		t.Fatalf("mounting a small file system: %v; %s", err, needsRoot)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(d.path, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return d
}

func (d *disk) ballast() string { return filepath.Join(d.path, "ballast") }

// fill leaves no byte free.
func (d *disk) fill() {
	f, err := os.Create(d.ballast())
	if err != nil {
		d.t.Error(err)
		return
	}
	defer f.Close()
	for size := 1 << 20; size > 0; {
		if _, err := f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else if err != nil {
			d.t.Error(err)
			return
		}
	}
}

// free takes the ballast away.
func (d *disk) free() {
	if err := os.Remove(d.ballast()); err != nil {
		d.t.Error(err)
	}
}

// The disk of the broker's store fills up, and has room again later.
func TestDiskFull(t *testing.T) {
	d := newDisk(t, 64<<20)
	b, w := onDisk(t, "disk full", d.path)
	b.run(load{calls: 600, atOnce: 20, ms: 50, during: func() {
		d.fill()
		w.wantRefused(t, syscall.ENOSPC)
		d.free()
		w.wantServed(t)
	}})
	w.end()
	b.server.kill()
	b.server.restart()
	w.wantKept(t)
	b.wantRecovered(dasf.CodeBusy)
}

// Every write to the broker's store fails for a while, as on a disk that the
// system has made read-only. A broker that starts on such a disk says so.
func TestDiskReadOnly(t *testing.T) {
	dir := t.TempDir()
	b, w := onDisk(t, "disk read-only", dir)
	s := b.server
	b.run(load{calls: 600, atOnce: 20, ms: 50, during: func() {
		limitFiles(t, s.process, "0")
		w.wantRefused(t, syscall.EFBIG)
		limitFiles(t, s.process, "unlimited")
		w.wantServed(t)
	}})
	w.end()
	s.kill()
	readOnly(t, dir, func() {
		p := start(t, "broker", settings{Addr: "127.0.0.1:0", Dir: filepath.Join(dir, "store")})
		<-p.Done()
		if log := p.Log(); p.ExitCode() != 1 || !strings.Contains(log, syscall.EROFS.Error()) || !strings.Contains(log, dir) {
			t.Errorf("on a read-only disk the broker exits with %d and says %s", p.ExitCode(), log)
		}
	})
	s.restart()
	w.wantKept(t)
	b.wantRecovered(dasf.CodeBusy)
}

// The role's files may be limited: a write beyond that is an error then, and not
// the end of the process.
func init() {
	if os.Getenv(roleVariable) == "broker" {
		signal.Ignore(syscall.SIGXFSZ)
	}
}

// limitFiles limits the size up to which a process may write files.
func limitFiles(t *testing.T, p *process, to string) {
	t.Helper()
	out, err := exec.Command("prlimit", "--pid", fmt.Sprint(p.PID()), "--fsize="+to+":unlimited").CombinedOutput()
	if err != nil {
		t.Errorf("prlimit: %v: %s", err, out)
	}
}

// readOnly has nobody write to dir while do runs.
func readOnly(t *testing.T, dir string, do func()) {
	t.Helper()
	if err := syscall.Mount(dir, dir, "", syscall.MS_BIND, ""); err != nil {
		t.Fatalf("mounting: %v; %s", err, needsRoot)
	}
	defer func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	}()
	if err := syscall.Mount("", dir, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	do()
}
