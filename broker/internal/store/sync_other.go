//go:build !linux

package store

import "os"

// syncData syncs what was written. On macOS this reaches the medium itself
// (F_FULLFSYNC).
func syncData(f *os.File) error { return f.Sync() }

// allocate would take space in advance; only Linux has a portable way.
func allocate(_ *os.File, from, _ int64) (int64, error) { return from, nil }
