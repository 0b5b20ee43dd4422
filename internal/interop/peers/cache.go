// Package peers installs and runs the systems that this module has to work
// with: demessaging and dasf-broker-django in a Python environment, Apache
// Pulsar in a Java one, and what judges and runs generated clients. It is for
// tests only.
//
// Everything listens on 127.0.0.1, on ports that were free a moment before.
package peers

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed files
var files embed.FS

// embedded returns a file of ours that says what is installed or how it is set up.
func embedded(name string) []byte {
	data, err := files.ReadFile("files/" + name)
	if err != nil {
		panic("peers: " + err.Error()) // the name is a constant in this package
	}
	return data
}

// A Cache is the folder that the peers are installed in. What is in it is never
// changed in place: each folder below carries a fingerprint of what it was made from.
type Cache struct{ dir string }

// DefaultCache is the folder named by DASF_PEERS_CACHE, else dasf-peers in
// XDG_CACHE_HOME, else dasf-peers in ~/.cache. It need not exist yet.
func DefaultCache() (Cache, error) {
	if dir := os.Getenv("DASF_PEERS_CACHE"); dir != "" {
		dir, err := filepath.Abs(dir)
		return Cache{dir}, err
	}
	if dir := os.Getenv("XDG_CACHE_HOME"); filepath.IsAbs(dir) {
		return Cache{filepath.Join(dir, "dasf-peers")}, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return Cache{}, fmt.Errorf("finding a cache folder, set DASF_PEERS_CACHE: %w", err)
	}
	return Cache{filepath.Join(home, ".cache", "dasf-peers")}, nil
}

// A part is one thing that is installed as a whole, in a folder of its own.
type part struct {
	title string   // for messages
	name  string   // of the folder, before the fingerprint
	pins  []string // the embedded files that say what goes into it
	// fill fills dir, in which the pins lie under their names.
	fill func(ctx context.Context, c Cache, dir string, log *os.File) error
}

var (
	pythonPeers = part{"the Python peers", "python", []string{"python/requirements.txt"}, fillPython}
	pulsarJars  = part{"Apache Pulsar", "pulsar", []string{"pulsar/pom.xml"}, fillPulsar}
	// These lie on top of the Python peers, hence their pins.
	netcdfPython = part{"NetCDF for Python", "netcdf", []string{"netcdf/requirements.txt", "python/requirements.txt"}, fillAbove("netcdf/requirements.txt")}
	stubPython   = part{"the judges of Python stubs", "stubs", []string{"stubs/requirements.txt", "python/requirements.txt"}, fillAbove("stubs/requirements.txt")}
	oldestPython = part{"the oldest demessaging", "oldest", []string{"oldest/requirements.txt"}, fillOldest}
	netcdfNode   = part{"netcdfjs", "netcdfjs", []string{"netcdfjs/package.json", "netcdfjs/package-lock.json"}, fillNode("netcdfjs")}
	typeScript   = part{"TypeScript", "typescript", []string{"typescript/package.json", "typescript/package-lock.json"}, fillNode("typescript")}
)

func parts() []part {
	return []part{pythonPeers, pulsarJars, netcdfPython, stubPython, oldestPython, netcdfNode, typeScript}
}

// folder is where a part lies. An environment does not outlive its interpreter,
// so that is part of the fingerprint.
func (c Cache) folder(ctx context.Context, p part) (string, error) {
	id, err := exec.CommandContext(ctx, "python3", "-c", "import sys; print(sys.version, sys.base_prefix)").Output()
	if err != nil {
		return "", fmt.Errorf("the peers need python3 (3.11 or newer) on the PATH: %w", err)
	}
	made := [][]byte{id}
	for _, pin := range p.pins {
		made = append(made, embedded(pin))
	}
	return filepath.Join(c.dir, p.name+"-"+fingerprint(made...)), nil
}

// find returns the folder of a part that is installed.
func (c Cache) find(ctx context.Context, p part) (string, error) {
	dir, err := c.folder(ctx, p)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(dir); err != nil {
		return "", fmt.Errorf(`%s: not installed in %s, run "make peers"`, p.title, c.dir)
	}
	return dir, nil
}

func interpreter(env string) string { return filepath.Join(env, "bin", "python") }

func fingerprint(parts ...[]byte) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// tail returns the last n lines of a file, for a message about what went wrong.
func tail(path string, n int) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
