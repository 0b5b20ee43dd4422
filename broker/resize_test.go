package broker

import (
	"math"
	"testing"
)

func TestWhoIsAheadOfItsWindowGetsMoreOnlyWhenAllOthersAreBusy(t *testing.T) {
	e := newEngine(t, Config{})
	topic := e.topic("t")
	a := e.join(topic, "s", consumerOptions{kind: Shared, window: 2})
	b := e.join(topic, "s", consumerOptions{kind: Shared, window: 2})
	topic.resize(a.consumer, 4)
	e.send(topic, "1 2 3 4 5 6 7 8")
	e.want("who is ahead", a, "1 3 5 6")
	e.want("the other", b, "2 4")
	b.ack("2")
	e.want("the other, with room again", b, "2 4 7")
	a.ack("1")
	e.want("who is ahead, with room again", a, "1 3 5 6 8")

	topic.resize(a.consumer, 2)
	e.send(topic, "9 10")
	a.ack("3", "5")
	e.want("who has as many as it asked for at first", a, "1 3 5 6 8")
	a.ack("6")
	e.want("who is not ahead any more", a, "1 3 5 6 8 9")
	e.want("the other", b, "2 4 7")
}

func TestAWiderWindowIsFilledAtOnce(t *testing.T) {
	for _, kind := range []SubscriptionType{Exclusive, Failover, KeyShared, Shared} {
		t.Run(string(kind), func(t *testing.T) {
			e := newEngine(t, Config{})
			topic := e.topic("t")
			c := e.join(topic, "s", consumerOptions{kind: kind, window: 1})
			e.send(topic, "1 2 3")
			e.want("before", c, "1")
			topic.resize(c.consumer, 2)
			e.want("after", c, "1 2")
		})
	}
}

func TestTheBoundsOfAWindow(t *testing.T) {
	e := newEngine(t, Config{Prefetch: 4})
	topic := e.topic("t")
	c := e.join(topic, "s", consumerOptions{kind: Exclusive, window: 2})
	e.send(topic, "1 2 3 4 5 6 7")
	for _, n := range []int{math.MinInt, -5, 0, 1, 2} {
		topic.resize(c.consumer, n)
		e.want("no more than it asked for at its handshake", c, "1 2")
	}
	topic.resize(c.consumer, math.MaxInt)
	e.want("no more than Config.Prefetch", c, "1 2 3 4")
	topic.resize(c.consumer, math.MinInt)
	c.ack("1", "2")
	e.want("no fewer than it asked for", c, "1 2 3 4")
	c.ack("3")
	e.want("as many as it asked for", c, "1 2 3 4 5")
	c.leave()
	topic.resize(c.consumer, 4)
	e.want("who is gone", c, "1 2 3 4 5")

	pulling := e.join(topic, "p", consumerOptions{kind: Exclusive, pull: true})
	topic.resize(pulling.consumer, 4)
	e.send(topic, "8")
	e.want("who asks for each", pulling, "")
}
