package broker

import (
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/dasf-go/dasf/internal/brokerapi"
)

// settingsJSON is what the API shows of settings: all that differ from zero,
// and the lists in any case.
func settingsJSON(s *TopicSettings) brokerapi.Settings {
	list := func(names []string) *[]string {
		names = slices.Clone(names)
		if names == nil {
			names = []string{}
		}
		return &names
	}
	dasf := !s.NoPing
	return brokerapi.Settings{
		Public: &s.Public, DASF: &dasf,
		Consumers: list(s.Consumers), Producers: list(s.Producers), Viewers: list(s.Viewers),
		StoreSources: filled(string(s.Sources)), StoreResponses: filled(string(s.Responses)),
		MessageTTL: filled(s.MessageTTL.Seconds()), TopicTTL: filled(s.TopicTTL.Seconds()),
		MaxRedeliveries: filled(s.MaxRedeliveries), DeadLetterTopic: filled(s.DeadLetterTopic),
		AckTimeout: filled(s.AckTimeout.Seconds()), NackDelay: filled(s.NackDelay.Seconds()),
		MaxMessages: filled(s.MaxMessages), MaxBytes: filled(s.MaxBytes),
		Owner: s.Owner, ResponseFor: slices.Clone(s.ResponseFor), InboxOf: s.InboxOf,
	}
}

// filled is nil for a zero.
func filled[T comparable](v T) *T {
	if v == *new(T) {
		return nil
	}
	return &v
}

// applySettings changes what c names.
func applySettings(s *TopicSettings, c *brokerapi.Settings) error {
	if c.Owner != "" || c.ResponseFor != nil || c.InboxOf != "" {
		return refuse(http.StatusBadRequest, "owner, response_for and inbox_of are set by the broker alone")
	}
	set(&s.Public, c.Public)
	if c.DASF != nil {
		s.NoPing = !*c.DASF
	}
	set(&s.Consumers, c.Consumers)
	set(&s.Producers, c.Producers)
	set(&s.Viewers, c.Viewers)
	if c.Add != nil {
		s.Consumers = with(s.Consumers, c.Add.Consumers)
		s.Producers = with(s.Producers, c.Add.Producers)
		s.Viewers = with(s.Viewers, c.Add.Viewers)
	}
	if c.Remove != nil {
		s.Consumers = without(s.Consumers, c.Remove.Consumers)
		s.Producers = without(s.Producers, c.Remove.Producers)
		s.Viewers = without(s.Viewers, c.Remove.Viewers)
	}
	set((*string)(&s.Sources), c.StoreSources)
	set((*string)(&s.Responses), c.StoreResponses)
	set(&s.MaxRedeliveries, c.MaxRedeliveries)
	set(&s.DeadLetterTopic, c.DeadLetterTopic)
	set(&s.MaxMessages, c.MaxMessages)
	set(&s.MaxBytes, c.MaxBytes)
	for _, d := range []struct {
		name  string
		field *time.Duration
		value *float64
	}{
		{"message_ttl", &s.MessageTTL, c.MessageTTL}, {"topic_ttl", &s.TopicTTL, c.TopicTTL},
		{"ack_timeout", &s.AckTimeout, c.AckTimeout}, {"nack_delay", &s.NackDelay, c.NackDelay},
	} {
		if d.value == nil {
			continue
		}
		n := *d.value * float64(time.Second)
		if !(n >= 0 && n < math.MaxInt64) {
			return refuse(http.StatusBadRequest, "%s is %v, it must be a number of seconds of at least 0", d.name, *d.value)
		}
		*d.field = time.Duration(n)
	}
	return nil
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

func with(list, more []string) []string {
	list = slices.Clone(list)
	for _, name := range more {
		if !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

func without(list, less []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(name string) bool { return slices.Contains(less, name) })
}
