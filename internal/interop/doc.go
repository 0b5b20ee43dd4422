// Package interop holds the tests that run this module's backends, clients and
// broker against the systems that they have to work with: demessaging 0.6.4,
// dasf-broker-django and Apache Pulsar 4.2.4; and the clients that package
// codegen writes, in Python, TypeScript and Go, against all of these.
//
// The tests carry the build tag interop, so that a plain go test needs nothing
// but Go. They start real processes, which "make peers" installs, and fail
// where one is missing: a test that is left out proves nothing.
//
//	make peers interop
package interop
