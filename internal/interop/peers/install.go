package peers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// Install brings all peers into the cache and says on w what it did. What is
// there already is left alone. The peers come from PyPI, Maven Central and
// npm, by their ordinary clients, whose own settings apply. Chromium alone
// belongs to the system: where it is missing, Debian's package is installed.
func Install(ctx context.Context, c Cache, w io.Writer) error {
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return err
	}
	// They wait for the network most of the time, so they go side by side.
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		errs []error
	)
	side := func(title string, install func() (where string, done bool, err error)) {
		wg.Go(func() {
			start := time.Now()
			where, done, err := install()
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				errs = append(errs, fmt.Errorf("installing %s: %w", title, err))
			case done:
				fmt.Fprintf(w, "%s: installed in %s (%s)\n", title, where, time.Since(start).Round(time.Second))
			default:
				fmt.Fprintf(w, "%s: ready in %s\n", title, where)
			}
		})
	}
	for _, p := range parts() {
		side(p.title, func() (string, bool, error) { return c.install(ctx, p) })
	}
	side("Chromium", func() (string, bool, error) { return c.installChromium(ctx) })
	wg.Wait()
	return errors.Join(errs...)
}

func (c Cache) install(ctx context.Context, p part) (dir string, done bool, err error) {
	if dir, err = c.folder(ctx, p); err != nil {
		return "", false, err
	}
	done, err = fillOnce(dir, func(partial string, log *os.File) error {
		for _, pin := range p.pins {
			path := filepath.Join(partial, filepath.FromSlash(pin))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(path, embedded(pin), 0o644); err != nil {
				return err
			}
		}
		return p.fill(ctx, c, partial, log)
	})
	return dir, done, err
}

// fillOnce makes dir by filling a folder beside it and renaming that, so that a
// folder under its final name is whole, also when two installations run at once.
func fillOnce(dir string, fill func(dir string, log *os.File) error) (bool, error) {
	if _, err := os.Stat(dir); err == nil {
		return false, nil
	}
	partial, err := os.MkdirTemp(filepath.Dir(dir), filepath.Base(dir)+".partial-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(partial)
	log, err := os.Create(partial + ".log")
	if err != nil {
		return false, err
	}
	defer os.Remove(log.Name())
	defer log.Close()
	if err := fill(partial, log); err != nil {
		return false, fmt.Errorf("%w\n%s", err, tail(log.Name(), 30))
	}
	if err := os.Chmod(partial, 0o755); err != nil { // MkdirTemp's is for its owner alone
		return false, err
	}
	if err := os.Rename(partial, dir); err != nil {
		if _, statErr := os.Stat(dir); statErr == nil {
			return false, nil // another installation was quicker
		}
		return false, err
	}
	return true, nil
}

// fillPython makes the environment of the peers. It is used only as "bin/python -m …", which
// works after the rename; the scripts in bin name the folder that it was made in.
func fillPython(ctx context.Context, _ Cache, dir string, log *os.File) error {
	if err := makeEnvironment(ctx, dir, "python/requirements.txt", log); err != nil {
		return err
	}
	return run(ctx, log, interpreter(dir), "-m", "pip", "check")
}

// fillOldest makes an environment that has nothing but what it pins.
func fillOldest(ctx context.Context, _ Cache, dir string, log *os.File) error {
	if err := makeEnvironment(ctx, dir, "oldest/requirements.txt", log); err != nil {
		return err
	}
	return run(ctx, log, interpreter(dir), "-m", "pip", "check")
}

// fillAbove makes an environment of what pins says, that finds what it lacks in
// the one of the Python peers, which need not be there yet.
func fillAbove(pins string) func(context.Context, Cache, string, *os.File) error {
	return func(ctx context.Context, c Cache, dir string, log *os.File) error {
		if err := makeEnvironment(ctx, dir, pins, log); err != nil {
			return err
		}
		below, err := c.folder(ctx, pythonPeers)
		if err != nil {
			return err
		}
		packages, err := filepath.Glob(filepath.Join(dir, "lib", "python3*", "site-packages"))
		if err != nil || len(packages) != 1 {
			return fmt.Errorf("no single folder of packages in %s: %q, %v", dir, packages, err)
		}
		inside, err := filepath.Rel(dir, packages[0])
		if err != nil {
			return err
		}
		path := filepath.Join(packages[0], "peers.pth")
		return os.WriteFile(path, []byte(filepath.Join(below, inside)+"\n"), 0o644)
	}
}

// makeEnvironment makes a Python environment of exactly what is pinned.
func makeEnvironment(ctx context.Context, dir, pins string, log *os.File) error {
	if err := run(ctx, log, "python3", "-m", "venv", dir); err != nil {
		return err
	}
	return run(ctx, log, interpreter(dir), "-m", "pip", "install", "--disable-pip-version-check", "--no-input",
		"--no-deps", "-r", filepath.Join(dir, filepath.FromSlash(pins)))
}

func fillPulsar(ctx context.Context, _ Cache, dir string, log *os.File) error {
	if err := checkJava(ctx); err != nil {
		return err
	}
	return run(ctx, log, "mvn", "--batch-mode", "--no-transfer-progress", "--file", filepath.Join(dir, "pulsar", "pom.xml"),
		"dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+dir)
}

// fillNode installs what the package-lock.json in a folder of pins says.
func fillNode(pins string) func(context.Context, Cache, string, *os.File) error {
	return func(ctx context.Context, _ Cache, dir string, log *os.File) error {
		return run(ctx, log, "npm", "ci", "--prefix", filepath.Join(dir, pins), "--ignore-scripts", "--no-audit", "--no-fund")
	}
}

func checkJava(ctx context.Context) error {
	for _, tool := range []string{"java", "mvn"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("needs %s (Java 17 or newer, Maven 3.6 or newer) on the PATH: %w", tool, err)
		}
	}
	return exec.CommandContext(ctx, "java", "-version").Run()
}

func run(ctx context.Context, log *os.File, argv ...string) error {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(argv[0]), err)
	}
	return nil
}
