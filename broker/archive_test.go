package broker

import (
	"testing"
)

func TestStoreModes(t *testing.T) {
	for _, tt := range []struct {
		mode StoreMode
		// Anna and Ben may consume. What they get of 1, sent to nobody, and 2,
		// sent when Anna was there and had acknowledged 1.
		anna, annaAgain, ben, benAgain string
	}{
		{StoreDisabled, "2", "", "", ""},
		{StoreCache, "1 2", "2+1", "2+2", ""},
		{StoreCacheAll, "1 2", "2+1", "1 2+2", ""},
		{StoreForever, "1 2", "2+1", "1 2+2", ""},
	} {
		for _, dir := range []string{"", "store"} {
			t.Run(string(tt.mode)+dir, func(t *testing.T) {
				if dir != "" {
					dir = t.TempDir()
				}
				e := newEngine(t, Config{Dir: dir, StoreSources: tt.mode, Authenticator: nobody{}})
				err := e.CreateTopic("t", TopicSettings{Rights: Rights{Consumers: []string{"anna", "ben"}}})
				if err != nil {
					t.Fatal(err)
				}
				restart := func() {
					if dir != "" {
						e.reopen()
					}
				}
				user := func(name string) consumerOptions { return consumerOptions{user: name} }
				e.send(e.topic("t"), "1")
				restart()
				anna := e.join(e.topic("t"), "s", user("anna"))
				anna.ack("1")
				e.send(e.topic("t"), "2")
				e.want("anna", anna, tt.anna)
				anna.leave()
				restart()
				anna = e.join(e.topic("t"), "s", user("anna"))
				e.want("anna again", anna, tt.annaAgain)
				anna.leave()
				restart()
				ben := e.join(e.topic("t"), "s", user("ben"))
				e.want("ben", ben, tt.ben)
				ben.ack("1", "2")
				ben.leave()
				restart()
				e.want("ben again", e.join(e.topic("t"), "s", user("ben")), tt.benAgain)
				anna = e.join(e.topic("t"), "s", user("anna"))
				anna.ack("2")
				held := int64(0)
				if tt.mode == StoreForever {
					held = 2
				}
				e.wantHeld(held)
			})
		}
	}
}

// nobody knows no user.
type nobody struct{ Authenticator }

func TestTheModeIsTheTopicsOwnFirst(t *testing.T) {
	e := newEngine(t, Config{StoreSources: StoreForever, StoreResponses: StoreDisabled})
	for name, s := range map[string]TopicSettings{
		"own":     {Sources: StoreDisabled, Responses: StoreCacheAll},
		"nothing": {},
		"a/b/own": {Responses: StoreForever},
	} {
		if err := e.CreateTopic(name, s); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		topic, word string
		d           domain
		want        StoreMode
	}{
		{"t", "1", plain, StoreForever},
		{"t", "1", persistent, StoreCache},
		{"t", "1", nonPersistent, StoreCache},
		{"t", "1:response", plain, StoreDisabled},
		{"t", "1:progress", plain, StoreDisabled},
		{"own", "1", plain, StoreDisabled},
		{"own", "1", persistent, StoreDisabled},
		{"own", "1:response", plain, StoreCacheAll},
		{"nothing", "1", plain, StoreForever},
		{"nothing", "1:response", plain, StoreDisabled},
		{"answers", "1:response:own", plain, StoreCacheAll},
		{"answers", "1:response:nothing", plain, StoreDisabled},
		{"a/b/answers", "1:response:own", plain, StoreForever},
	} {
		m := testMessage(tt.word)
		e.topic(tt.topic).storing(m, tt.d)
		if m.mode != tt.want || m.durable {
			t.Errorf("%s to %s (%d): %s, want %s", tt.word, tt.topic, tt.d, m.mode, tt.want)
		}
	}
}
