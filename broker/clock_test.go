package broker

import (
	"testing"
	"testing/synctest"
	"time"
)

// A bubble's clock begins at midnight of the year 2000, wherever that of the one
// before has got to.
func TestARestartWithAnotherClock(t *testing.T) {
	for _, test := range []struct {
		name          string
		before, after time.Duration // since midnight
		want          string
	}{
		{"hours ahead", 0, 10 * time.Hour, "request+1 answer+1"},
		{"hours behind", 10 * time.Hour, 0, "request+1 answer+1"},
		{"years behind", 90_000 * time.Hour, 0, "request+1 answer+1"},
		{"ahead by more than answers are kept", 0, 30 * time.Hour, "request+1"},
		{"ahead by more than anything is kept", 0, 200 * time.Hour, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			durable := consumerOptions{kind: Shared, durable: true}
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(test.before)
				e := newEngine(t, Config{Dir: dir})
				topic := e.topic("t")
				c := e.join(topic, "workers", durable)
				e.send(topic, "gone request answer:response")
				c.ack("gone")
				c.leave()
				e.Close()
			})
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(test.after)
				e := newEngine(t, Config{Dir: dir})
				time.Sleep(time.Hour) // and what is too old is looked for
				e.want("the workers", e.join(e.topic("t"), "workers", durable), test.want)
				e.Close()
			})
		})
	}
}
