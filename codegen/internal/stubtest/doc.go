// Package stubtest holds the tests that call backends through the golden Go
// packages. They stand apart from the tests that write these packages, so that
// a broken one can be written anew.
package stubtest
