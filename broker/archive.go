package broker

import (
	"fmt"
	"slices"
)

// The modes cacheall and store keep a message for each user, as
// dasf-broker-django does (consumers.py, receive_json; models.py,
// get_outstanding_messages). The topic itself holds such messages, and notes who
// has acknowledged them.

// archiveMessage makes the topic a holder of m.
func (t *topic) archiveMessage(m *message) {
	m.holders++
	t.archive = append(t.archive, m)
	t.archiveBytes += m.size
	t.broker.watch(t)
}

// unarchive ends that.
func (t *topic) unarchive(m *message) {
	at, ok := slices.BinarySearchFunc(t.archive, m, bySeqOfMessage)
	if !ok {
		return
	}
	t.archive = slices.Delete(t.archive, at, at+1)
	t.archiveBytes -= m.size
	t.letGo(m)
}

// unkeep takes m out of what the topic keeps.
func (t *topic) unkeep(m *message) {
	at, ok := slices.BinarySearchFunc(t.kept, m, bySeqOfMessage)
	if !ok {
		return
	}
	t.kept = slices.Delete(t.kept, at, at+1)
	t.countKept(m, -1)
	t.letGo(m)
}

func (t *topic) roomToArchive(m *message, most limits) error {
	if len(t.archive)+t.pending < most.keptMessages && t.archiveBytes+t.pendingBytes+m.size <= most.keptBytes {
		return nil
	}
	return &fullError{"topic", fmt.Sprintf(" %q", t.name),
		fmt.Sprintf("%d messages, %d bytes are stored", len(t.archive), t.archiveBytes)}
}

// unseen returns what the topic holds and the user has not acknowledged.
func (t *topic) unseen(user string) []*message {
	var messages []*message
	for _, m := range t.archive {
		if !slices.Contains(m.ackedBy, user) {
			messages = append(messages, m)
		}
	}
	return messages
}

// done notes that a user has acknowledged m.
func (t *topic) done(m *message, user string) {
	m.acked = true
	t.touch(m)
	if !m.archived() || slices.Contains(m.ackedBy, user) {
		return
	}
	m.ackedBy = append(m.ackedBy, user)
	if m.mode != StoreCacheAll {
		return
	}
	for _, name := range t.audience() {
		if !slices.Contains(m.ackedBy, name) {
			return
		}
	}
	t.unarchive(m)
}

// audience is who may consume the topic: those who are asked for in cacheall.
func (t *topic) audience() []string {
	s := t.broker.settingsOf(t.name)
	if s == nil || t.broker.open() {
		return nil
	}
	names := s.Consumers
	if s.Owner != "" {
		names = append(slices.Clone(names), s.Owner)
	}
	return names
}
