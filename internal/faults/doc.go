// Package faults breaks things while requests are under way, with real brokers
// and processes that are killed, and keeps account of each request: what was
// answered, once or twice, reported as failed, lost, or hangs. Its tests have
// the build tag interop and need the peers; "make faults" runs them and prints
// the table, "make soak" runs the long ones.
package faults
