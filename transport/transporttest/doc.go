// Package transporttest is the contract of [transport.Broker] as a test. What
// implements a Broker, and what is a broker behind one, runs it:
//
//	func TestBroker(t *testing.T) {
//		transporttest.Run(t, newBroker, transporttest.Caps{Keeps: true})
//	}
//
// Each rule is a sub-test of its own with a name that stays the same, and says
// what it is about when it fails. A rule that [transport.Delivery] or [Caps]
// rule out is not run.
package transporttest
