package broker

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzState reads any bytes as the state of a message.
func FuzzState(f *testing.F) {
	m := testMessage("1@key:response")
	m.acked, m.redelivered, m.ackedBy, m.mode = true, 3, []string{"anna", ""}, StoreForever
	f.Add(m.appendState(nil, []*subscription{{id: 1 << 50, stored: true}}))
	f.Add([]byte{0, 0})
	f.Fuzz(func(t *testing.T, text []byte) {
		var s messageState
		if parseState(text, &s) != nil {
			return
		}
		subscriptions := make([]*subscription, len(s.holders))
		for i, h := range s.holders {
			subscriptions[i] = &subscription{id: h.subscription, stored: true}
			e := &entry{sub: subscriptions[i], redelivered: h.redelivered, next: s.held}
			s.held = e
		}
		s.saved = text
		if s.owed {
			s.held = &entry{sub: &subscription{kind: Shared}, next: s.held}
		}
		var again messageState
		if err := parseState(s.appendState(nil, subscriptions), &again); err != nil {
			t.Fatal(err)
		}
		type state struct {
			Published, Size               int64
			Key                           uint64
			Class                         class
			Mode                          StoreMode
			Unknown, Acked, Owed, Rehomed bool
			Redelivered                   int
			AckedBy                       []string
			Holders                       []holding
		}
		of := func(s *messageState) state {
			owed := s.owed && s.acked && !s.rehomed
			return state{s.published.UnixNano(), s.size, s.keyHash, s.class, s.mode, s.keepUnknown, s.acked, owed,
				s.rehomed, s.redelivered, s.ackedBy, s.holders}
		}
		if diff := cmp.Diff(of(&s), of(&again), cmp.AllowUnexported(holding{})); diff != "" {
			t.Fatalf("read, written and read again:\n%s", diff)
		}
	})
}
