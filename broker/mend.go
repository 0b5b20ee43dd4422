package broker

import (
	"encoding/json"
	"fmt"
)

// epochBits is how many numbers a start has.
const epochBits = 40

// epochOf is the start in which a key of the store was made.
func epochOf(key string) uint64 {
	switch key[:min(len(key), 1)] {
	case "m", "s", "d":
		return lastNumber(key) >> epochBits
	}
	return 0
}

// mend removes from a store, whose index was lost and made anew, what nobody
// can reach any more, says so, and enters topics again where what is due is
// looked for.
func (b *Broker) mend() error {
	topics, err := b.store.Scan("t")
	if err != nil {
		return err
	}
	known := make(map[uint64]bool, len(topics))
	for _, it := range topics {
		var r topicRecord
		if err := json.Unmarshal(it.Value, &r); err != nil {
			return fmt.Errorf("topic %q: %w", it.Key[1:], err)
		}
		known[r.ID] = true
		// It may have been counted before what the log has of it.
		if err := b.store.Set(it.Key, mustJSON(topicRecord{ID: r.ID, Due: r.Due}), nil); err != nil {
			return err
		}
		if err := b.store.Set(numberKey("d", uint64(r.Due), r.ID), []byte(it.Key[1:]), nil); err != nil {
			return err
		}
	}
	var lost, subscriptions int
	for _, prefix := range []string{"m", "s"} {
		items, err := b.store.Scan(prefix)
		if err != nil {
			return err
		}
		for _, it := range items {
			switch {
			case len(it.Key) != 17:
				return fmt.Errorf("a key of %d bytes begins with %s", len(it.Key), prefix)
			case known[lastNumber(it.Key[:9])] && (prefix == "s" || it.Body > 0):
				continue
			case prefix == "s":
				subscriptions++
			case it.Body > 0: // else it was acknowledged: its text is gone
				lost++
			}
			if err := b.store.Delete(it.Key, nil); err != nil {
				return err
			}
		}
	}
	if lost+subscriptions > 0 {
		b.log.warn("the store has lost the names of topics: what they had is dropped", "messages", lost, "subscriptions", subscriptions)
	}
	return b.store.Flush()
}
