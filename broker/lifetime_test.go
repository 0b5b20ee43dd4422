package broker

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMessagesAreKeptForTheFirstSubscription(t *testing.T) {
	e := newEngine(t, Config{})
	topic := e.topic("t")
	e.send(topic, "1 2 3")
	latest := e.join(topic, "latest", consumerOptions{kind: Exclusive, latest: true})
	e.want("one that wants only new ones", latest, "")
	first := e.join(topic, "first", consumerOptions{})
	e.want("the first", first, "1 2 3")
	second := e.join(topic, "second", consumerOptions{})
	e.want("the second", second, "")
	e.send(topic, "4")
	e.want("the first", first, "1 2 3 4")
	e.want("the second", second, "4")
	e.want("the one that wanted only new ones", latest, "4")
}

func TestNothingIsKeptForTheStatusTopic(t *testing.T) {
	e := newEngine(t, Config{})
	topic := e.topic(statusTopic)
	e.send(topic, "1:pong")
	e.wantHeld(0)
	c := e.join(topic, "s", consumerOptions{})
	e.send(topic, "2:pong")
	e.want("a consumer of status-ping", c, "2")
}

func TestPlainConsumersAllGetEverything(t *testing.T) {
	e := newEngine(t, Config{})
	topic := e.topic("t")
	a := e.join(topic, "same", consumerOptions{})
	b := e.join(topic, "same", consumerOptions{})
	e.send(topic, "1 2")
	e.want("one", a, "1 2")
	e.want("the other", b, "1 2")
	a.ack("1", "2")
	b.ack("1")
	e.wantHeld(1)
	b.ack("2")
	e.wantHeld(0)
}

func TestUnacknowledgedMessagesOutliveAPlainSocket(t *testing.T) {
	e := newEngine(t, Config{})
	topic := e.topic("t")
	a := e.join(topic, "a", consumerOptions{})
	e.send(topic, "1 2 3")
	a.ack("2")
	a.leave()
	e.wantHeld(2)
	b := e.join(topic, "b", consumerOptions{})
	e.want("the next consumer", b, "1+1 3+1")
	b.leave()
	c := e.join(topic, "c", consumerOptions{})
	e.want("the one after", c, "1+2 3+2")
}

func TestWhatWasNotWrittenIsNoRedelivery(t *testing.T) {
	e := newEngine(t, Config{})
	topic := e.topic("t")
	a := e.join(topic, "s", consumerOptions{kind: Shared})
	e.send(topic, "1 2")
	a.queued = []*entry{a.got[1].entry} // still in the socket's queue
	b := e.join(topic, "s", consumerOptions{kind: Shared})
	a.leave()
	e.want("the other consumer", b, "1+1 2")
}

func TestWhatOneHasAcknowledgedIsDone(t *testing.T) {
	e := newEngine(t, Config{})
	topic := e.topic("t")
	a := e.join(topic, "a", consumerOptions{})
	b := e.join(topic, "b", consumerOptions{})
	e.send(topic, "1 2")
	a.ack("1")
	b.leave() // had both; 1 is done, 2 is with a
	e.wantHeld(1)
	a.leave()
	e.wantHeld(1)
	c := e.join(topic, "c", consumerOptions{})
	e.want("the next consumer", c, "2+1")
}

// A listener beside the workers, that acknowledges everything, must not hide
// that the last of the workers died with requests in hand.
func TestWorkersOweTheirMessages(t *testing.T) {
	e := newEngine(t, Config{})
	topic := e.topic("t")
	listener := e.join(topic, "listener", consumerOptions{})
	worker := e.join(topic, "workers", consumerOptions{kind: Shared, window: 1})
	e.send(topic, "1 2")
	listener.ack("1", "2")
	worker.leave()
	e.wantHeld(2)
	e.want("the listener", listener, "1 2")
	worker = e.join(topic, "workers", consumerOptions{kind: Shared})
	e.want("the next worker", worker, "1+1 2")
}

// A client whose connection broke is back before the broker has noticed that
// the old one is dead: what went to that is found again.
func TestALaterSubscriptionGetsWhatAnEarlierLost(t *testing.T) {
	e := newEngine(t, Config{})
	topic := e.topic("t")
	old := e.join(topic, "client", consumerOptions{})
	e.send(topic, "1 2")
	fresh := e.join(topic, "client", consumerOptions{})
	latest := e.join(topic, "latest", consumerOptions{latest: true})
	e.send(topic, "3")
	old.leave()
	e.want("the new connection", fresh, "3 1+1 2+1")
	e.want("one that wants only new ones", latest, "3")
}

func TestDurableSubscriptionsOutliveTheirConsumers(t *testing.T) {
	e := newEngine(t, Config{})
	topic := e.topic("t")
	a := e.join(topic, "durable", consumerOptions{kind: Exclusive, durable: true})
	b := e.join(topic, "other", consumerOptions{})
	e.send(topic, "1")
	a.leave()
	e.send(topic, "2")
	b.ack("1", "2")
	a = e.join(topic, "durable", consumerOptions{kind: Exclusive, durable: true})
	e.want("the consumer that came back", a, "1+1 2")
}

func TestUnsubscribeDropsWhatNobodyWants(t *testing.T) {
	e := newEngine(t, Config{})
	topic := e.topic("t")
	a := e.join(topic, "durable", consumerOptions{kind: Shared, durable: true})
	b := e.join(topic, "durable", consumerOptions{kind: Shared, durable: true})
	e.send(topic, "1 2")
	topic.remove(a.consumer)
	topic.remove(a.consumer)
	e.want("the other consumer", b, "2 1+1")
	topic.remove(b.consumer)
	e.wantHeld(0)
	if n := len(topic.subscriptions); n != 0 {
		t.Errorf("%d subscriptions are left, want none", n)
	}
}

func TestKeptMessagesAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Config{KeptAge: 24 * time.Hour, AnswerAge: time.Hour})
		topic := e.topic("t")
		e.send(topic, "1 2:response 3:progress")
		e.release(topic)
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		e.wantHeld(1)
		e.send(topic, "4")
		time.Sleep(23 * time.Hour)
		synctest.Wait()
		c := e.join(topic, "s", consumerOptions{kind: Exclusive})
		e.want("the first subscription", c, "4")
		c.ack("4")
		c.leave()
		e.wantHeld(0)
		if st := e.Stats(); st.Expired != 3 || st.Waiting != 0 {
			t.Errorf("%d messages expired and %d bytes wait, want 3 and 0", st.Expired, st.Waiting)
		}
	})
}

// What the peers of a backend that was killed send to its inbox must not stay for
// a day each time. The name of a topic says nothing: analysis has eight letters.
func TestWhatIsAboutACallGoesAfterTwoMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Config{KeptAge: 24 * time.Hour, AnswerAge: time.Hour})
		topic, inbox := e.topic("climate_analysis"), e.topic("t_AbCdEfGh")
		e.send(topic, "1 2:ping 3:cancel 4:resend 5:alive 6:accepted")
		e.send(inbox, "7:cancel 8:resend 9:alive 10:response")
		piece, err := scan([]byte(`{"payload":"eA==","properties":{"messageType":"request","caller":"t_client","fragment":"1"}}`))
		if err != nil {
			t.Fatal(err)
		}
		if err := e.publish(inbox, piece); err != nil {
			t.Fatal(err)
		}
		e.release(topic)
		e.release(inbox)
		time.Sleep(time.Minute)
		synctest.Wait()
		e.wantHeld(11)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		e.wantHeld(3) // the request and the ping that wait for a backend, and the response
		time.Sleep(time.Hour)
		synctest.Wait()
		e.wantHeld(2)
		if st := e.Stats(); len(st.Topics) != 1 {
			t.Errorf("topics %+v, want the one with the request", st.Topics)
		}
	})
}

func TestUnusedTopicsGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Config{KeptAge: time.Hour, AnswerAge: time.Hour, SubscriptionIdle: 2 * time.Hour})
		for _, name := range []string{"empty", "kept", "durable"} {
			topic := e.topic(name)
			switch name {
			case "kept":
				e.send(topic, "1")
			case "durable":
				a := e.join(topic, "a", consumerOptions{kind: Exclusive, durable: true})
				e.join(topic, "b", consumerOptions{kind: Exclusive, durable: true}).leave()
				a.leave()
			}
			e.release(topic)
		}
		names := func() (names []string) {
			for _, st := range e.Stats().Topics {
				names = append(names, st.Name)
			}
			slices.Sort(names)
			return names
		}
		if diff := cmp.Diff([]string{"durable", "kept"}, names()); diff != "" {
			t.Errorf("topics (-want +got):\n%s", diff)
		}
		time.Sleep(90 * time.Minute)
		synctest.Wait()
		if diff := cmp.Diff([]string{"durable"}, names()); diff != "" {
			t.Errorf("topics after an hour (-want +got):\n%s", diff)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if diff := cmp.Diff([]string(nil), names()); diff != "" {
			t.Errorf("topics after two hours (-want +got):\n%s", diff)
		}
		if n := len(e.watched); n != 0 {
			t.Errorf("%d topics are still looked at, want none", n)
		}
	})
}

// Python's clients leave a durable subscription on each of their response
// topics. It has nothing to remember, and goes.
func TestANeedlessSubscriptionGoes(t *testing.T) {
	e := newEngine(t, Config{})
	durable := consumerOptions{kind: Exclusive, durable: true}
	topic := e.topic("t")
	c := e.join(topic, "s", durable)
	e.send(topic, "1")
	c.ack("1")
	c.leave()
	if n := len(e.Stats().Topics[0].Subscriptions); n != 0 {
		t.Errorf("%d subscriptions are left, want none", n)
	}
	e.send(topic, "2")
	e.want("the consumer that came back", e.join(topic, "s", durable), "2")
}

func TestMessagesOfAnAbandonedSubscriptionAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Config{KeptAge: 4 * time.Hour, AnswerAge: time.Hour, SubscriptionIdle: 48 * time.Hour})
		topic := e.topic("t")
		c := e.join(topic, "s", consumerOptions{kind: Exclusive, durable: true, nackDelay: 24 * time.Hour})
		s := c.subscription
		e.send(topic, "1:response 2 3:response 4:ping")
		c.nack("3")
		c.leave()
		for range 2500 { // answers that nobody fetches
			e.send(topic, "x:response")
			time.Sleep(40 * time.Second)
		}
		synctest.Wait()
		topic.mu.Lock()
		n := s.waiting.len
		topic.mu.Unlock()
		if n > 100 {
			t.Errorf("%d messages wait after a day, want no more than those of an hour", n)
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		e.wantHeld(0)
		if n := len(e.Stats().Topics[0].Subscriptions); n != 0 {
			t.Errorf("%d subscriptions are left, want none", n)
		}
	})
}

// Python's backend takes a new subscription at each start. What the old one has
// and nobody did goes to the new one; what the new one did is not run again by
// the next when the old one ends.
func TestAnAbandonedSubscription(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Config{SubscriptionIdle: time.Hour})
		topic := e.topic("t")
		durable := consumerOptions{kind: Exclusive, durable: true}
		monday := e.join(topic, "monday", durable)
		e.send(topic, "1 2")
		monday.ack("2")
		monday.leave()
		e.send(topic, "3")
		tuesday := e.join(topic, "tuesday", durable)
		e.want("the new subscription", tuesday, "1+1 3")
		e.send(topic, "4")
		tuesday.ack("3", "4")
		latest := e.join(topic, "latest", consumerOptions{latest: true})
		other := e.join(topic, "other", consumerOptions{})
		e.want("one more, while the new one works", other, "")
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		e.wantHeld(1)
		tuesday.ack("1")
		e.wantHeld(0)
		e.want("one that wants only new ones", latest, "")
	})
}
