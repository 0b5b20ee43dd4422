package broker

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestDeadLetters(t *testing.T) {
	for _, dir := range []string{"", "store"} {
		for _, tt := range []struct {
			name     string
			settings TopicSettings
			options  consumerOptions
			again    func(c *mailbox)
			target   string
		}{
			{"handed back", TopicSettings{}, consumerOptions{maxRedeliveries: 2, deadLetters: "dead"},
				func(c *mailbox) { c.nack("1") }, "dead"},
			{"by the topic's settings", TopicSettings{MaxRedeliveries: 2, DeadLetterTopic: "dead"}, consumerOptions{},
				func(c *mailbox) { c.nack("1") }, "dead"},
			{"without a name", TopicSettings{}, consumerOptions{maxRedeliveries: 2},
				func(c *mailbox) { c.nack("1") }, "t-s-DLQ"},
			{"not acknowledged in time", TopicSettings{AckTimeout: time.Second, MaxRedeliveries: 2, DeadLetterTopic: "dead"}, consumerOptions{},
				func(*mailbox) { time.Sleep(1100 * time.Millisecond) }, "dead"},
		} {
			t.Run(tt.name+" "+dir, func(t *testing.T) {
				path := ""
				if dir != "" {
					path = t.TempDir()
				}
				synctest.Test(t, func(t *testing.T) {
					e := newEngine(t, Config{Dir: path})
					if err := e.CreateTopic("t", tt.settings); err != nil {
						t.Fatal(err)
					}
					topic := e.topic("t")
					o := tt.options
					o.kind, o.window = Shared, 1
					c := e.join(topic, "s", o)
					e.send(topic, "1 2")
					for i := range 2 {
						tt.again(c)
						synctest.Wait()
						e.want(fmt.Sprintf("the consumer after time %d", i+1), c, "1 1+1 1+2"[:len("1 1+1 1+2")-4*(1-i)])
					}
					tt.again(c)
					synctest.Wait()
					e.want("the consumer, once the letter is dead", c, "1 1+1 1+2 2")
					dead := e.join(e.topic(tt.target), "undertaker", consumerOptions{})
					e.want("a consumer of the dead letters", dead, "1")
					if st := e.Stats(); st.DeadLetters != 1 || st.Messages != 2 {
						t.Errorf("%d dead letters and %d messages, want 1 and 2", st.DeadLetters, st.Messages)
					}
				})
			})
		}
	}
}

func TestADroppedConsumerCountsAsADelivery(t *testing.T) {
	e := newEngine(t, Config{Dir: t.TempDir()})
	o := consumerOptions{kind: Shared, durable: true, maxRedeliveries: 1, deadLetters: "dead"}
	e.send(e.topic("t"), "poison@k:request:x fine")
	for range 2 {
		c := e.join(e.topic("t"), "s", o)
		c.ack("fine")
		c.leave()
		e.reopen()
	}
	// The last broker may have been closed before the letter was moved.
	c := e.join(e.topic("t"), "s", o)
	c.leave()
	waitFor(t, "the dead letter", func() bool { return e.deadLetters.Load() == 1 || e.topic("dead").stats().Kept == 1 })
	dead := e.join(e.topic("dead"), "s", consumerOptions{})
	e.want("a consumer of the dead letters", dead, "poison")
	content, err := dead.got[0].entry.msg.open(e.Broker)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"messageType":"request","source_topic":"x"`, `"REAL_TOPIC":"persistent://public/default/t"`, `"REAL_SUBSCRIPTION":"s"`,
		`"ORIGIN_MESSAGE_ID":"`, `"ORIGIN_MESSAGE_IDY_TIME":"`,
	} {
		if !strings.Contains(string(content.properties), want) {
			t.Errorf("properties %s, want %s among them", content.properties, want)
		}
	}
	if string(content.key) != "k" {
		t.Errorf("key %q, want k", content.key)
	}
}

func TestDeadLettersOfASubscriptionWithSlashes(t *testing.T) {
	if got, want := deadLettersOf("a/b/t", "x/y/z"), "a/b/t-x_y_z-DLQ"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestDeadLetterTexts(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{`{"payload":"QQ=="}`, `{"properties":{PROPERTIES},"payload":"QQ=="}`},
		{`{"properties":{ },"payload":""}`, `{"properties":{PROPERTIES},"payload":""}`},
		{`{"properties":{"a":1 } ,"context":"c","x":[1]}`, `{"properties":{"a":1,PROPERTIES},"context":"c","x":[1]}`},
		{`{"payload":"\u0041","key":"\""}`, `{"properties":{PROPERTIES},"key":"\"","payload":"A"}`},
	} {
		m := scanned(t, tt.text)
		got := string(deadLetter(m.content.Load(), "a/b/t", "s", "id"))
		want := strings.Replace(tt.want, "PROPERTIES",
			`"REAL_TOPIC":"persistent://a/b/t","REAL_SUBSCRIPTION":"s","ORIGIN_MESSAGE_ID":"id","ORIGIN_MESSAGE_IDY_TIME":"id"`, 1)
		if got != want {
			t.Errorf("%s became %s, want %s", tt.text, got, want)
		}
	}
}
