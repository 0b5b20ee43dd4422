package broker

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTopicSettings(t *testing.T) {
	e := newEngine(t, Config{})
	want := TopicSettings{Sources: StoreForever, MessageTTL: time.Hour, DeadLetterTopic: "a/b/dead"}
	if err := e.CreateTopic("t", want); err != nil {
		t.Fatal(err)
	}
	if err := e.CreateTopic("a", TopicSettings{}); err != nil {
		t.Fatal(err)
	}
	if err := e.CreateTopic("t", TopicSettings{}); !errors.Is(err, ErrTopicExists) {
		t.Errorf("creating it twice: %v, want ErrTopicExists", err)
	}
	if err := e.SetTopic("t", func(s *TopicSettings) error { s.MaxRedeliveries = 3; return nil }); err != nil {
		t.Fatal(err)
	}
	want.MaxRedeliveries = 3
	broken := errors.New("broken")
	if err := e.SetTopic("t", func(s *TopicSettings) error { s.MaxBytes = 3; return broken }); !errors.Is(err, broken) {
		t.Errorf("a change that fails: %v, want its error", err)
	}
	got, err := e.TopicSettings("t")
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("settings: %v (-want +got):\n%s", err, diff)
	}
	if diff := cmp.Diff([]NamedTopic{{"a", TopicSettings{}}, {"t", want}}, e.CreatedTopics()); diff != "" {
		t.Errorf("topics (-want +got):\n%s", diff)
	}
	if err := e.DeleteTopic("t"); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"deleting it twice":   e.DeleteTopic("t"),
		"setting a deleted":   e.SetTopic("t", func(*TopicSettings) error { return nil }),
		"reading a deleted":   func() error { _, err := e.TopicSettings("t"); return err }(),
		"deleting an unknown": e.DeleteTopic("x"),
	} {
		if !errors.Is(err, ErrNoTopic) {
			t.Errorf("%s: %v, want ErrNoTopic", what, err)
		}
	}
}

func TestTopicSettingsThatCannotBe(t *testing.T) {
	e := newEngine(t, Config{})
	for _, tt := range []struct {
		topic string
		s     TopicSettings
		want  string
	}{
		{"", TopicSettings{}, "empty topic name"},
		{"a/b", TopicSettings{}, "TENANT/NAMESPACE/TOPIC"},
		{"t", TopicSettings{Sources: "sometimes"}, `TopicSettings.Sources is "sometimes", it must be disabled, cache, cacheall or store`},
		{"t", TopicSettings{Responses: "Store"}, "TopicSettings.Responses"},
		{"t", TopicSettings{MessageTTL: -1}, "TopicSettings.MessageTTL"},
		{"t", TopicSettings{TopicTTL: -1}, "TopicSettings.TopicTTL"},
		{"t", TopicSettings{AckTimeout: time.Millisecond}, "TopicSettings.AckTimeout is 1ms, it must be 0 or at least 1s"},
		{"t", TopicSettings{NackDelay: -1}, "TopicSettings.NackDelay"},
		{"t", TopicSettings{MaxRedeliveries: -1}, "TopicSettings.MaxRedeliveries"},
		{"t", TopicSettings{MaxMessages: -1}, "TopicSettings.MaxMessages"},
		{"t", TopicSettings{MaxBytes: -1}, "TopicSettings.MaxBytes"},
		{"t", TopicSettings{DeadLetterTopic: "t"}, "TopicSettings.DeadLetterTopic is the topic itself"},
		{"t", TopicSettings{DeadLetterTopic: "a\x00"}, "TopicSettings.DeadLetterTopic: bad topic name"},
	} {
		if err := e.CreateTopic(tt.topic, tt.s); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q %+v: %v, want an error with %q", tt.topic, tt.s, err, tt.want)
		}
	}
}
