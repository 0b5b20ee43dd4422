package broker

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/broker/internal/store"
)

// reopen closes the broker and opens another on the same folder.
func (e *engine) reopen() {
	e.t.Helper()
	config := e.config
	if err := e.Close(); err != nil {
		e.t.Fatal(err)
	}
	b, err := New(config)
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { b.Close() })
	e.Broker = b
}

func TestStoredMessagesOutliveTheBroker(t *testing.T) {
	e := newEngine(t, Config{Dir: t.TempDir()})
	topic := e.topic("t")
	e.send(topic, "1 2@k 3:response")
	ids := func() (ids []string) {
		for _, m := range e.topic("t").kept {
			ids = append(ids, m.id)
		}
		return ids
	}
	before := ids()
	e.reopen()
	if diff := cmp.Diff(before, ids()); diff != "" {
		t.Errorf("messageIds (-before +after the restart):\n%s", diff)
	}
	c := e.join(e.topic("t"), "s", consumerOptions{})
	e.want("the first consumer after the restart", c, "1 2 3")
	e.send(e.topic("t"), "4")
	e.want("the consumer", c, "1 2 3 4")
	if last := e.topic("t").subscriptions[0]; last.delivered == nil || e.lastSeq.Load() < 2<<40 {
		t.Errorf("numbers go on at %d, want them beyond those of the first start", e.lastSeq.Load())
	}
	c.ack("1", "2", "3", "4")
	e.wantHeld(0)
	e.reopen()
	e.want("a consumer after all was acknowledged", e.join(e.topic("t"), "s", consumerOptions{}), "")
}

func TestWhatTheProducerAsksForIsStored(t *testing.T) {
	e := newEngine(t, Config{Dir: t.TempDir()})
	topic := e.topic("t")
	for word, d := range map[string]domain{"plain": plain, "persistent": persistent, "non-persistent": nonPersistent} {
		m := testMessage(word)
		topic.storing(m, d)
		done := make(chan error, 1)
		if later, err := topic.publish(m, func(err error) { done <- err }); err != nil {
			t.Fatal(err)
		} else if later {
			e.store.Commit()
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
	}
	e.send(e.topic(statusTopic), "pong")
	e.reopen()
	got := strings.Fields(e.join(e.topic("t"), "s", consumerOptions{}).payloads())
	slices.Sort(got)
	if diff := cmp.Diff([]string{"persistent", "plain"}, got); diff != "" {
		t.Errorf("after a restart there are (-want +got):\n%s", diff)
	}
}

// A durable subscription comes back with what it had not acknowledged and how
// often that was delivered; a dropped consumer counts as a delivery.
func TestDurableSubscriptionsOutliveTheBroker(t *testing.T) {
	e := newEngine(t, Config{Dir: t.TempDir()})
	durable := consumerOptions{kind: Shared, durable: true}
	topic := e.topic("t")
	a := e.join(topic, "workers", durable)
	b := e.join(topic, "other", consumerOptions{kind: Exclusive, durable: true})
	e.send(topic, "1 2 3")
	a.ack("2")
	a.nack("1")
	a.nack("1")
	b.ack("1", "2", "3")
	a.leave()
	e.reopen()
	topic = e.topic("t")
	e.send(topic, "4")
	e.want("the workers", e.join(topic, "workers", durable), "1+3 3+1 4")
	e.want("the other", e.join(topic, "other", durable), "4")
	e.reopen() // as a crash: nobody has left
	topic = e.topic("t")
	w := e.join(topic, "workers", durable)
	e.want("the workers after a crash", w, "1+3 3+1 4")
	topic.remove(w.consumer)
	e.reopen()
	if st := e.topic("t").stats(); len(st.Subscriptions) != 1 || st.Subscriptions[0].Name != "other" {
		t.Errorf("subscriptions: %+v, want other alone", st.Subscriptions)
	}
}

// What two held, and one who shares work still had in hand when the broker
// crashed, is not lost because the other has acknowledged it.
func TestACrashedBrokerOwesItsWorkers(t *testing.T) {
	e := newEngine(t, Config{Dir: t.TempDir()})
	topic := e.topic("t")
	listener := e.join(topic, "listener", consumerOptions{})
	worker := e.join(topic, "workers", consumerOptions{kind: Shared})
	e.send(topic, "1 2 3")
	listener.ack("1", "2")
	worker.ack("1")
	e.reopen()
	e.want("the next worker", e.join(e.topic("t"), "workers", consumerOptions{kind: Shared}), "2 3")
}

func TestTopicsLeaveTheMemory(t *testing.T) {
	e := newEngine(t, Config{Dir: t.TempDir()})
	for i := range 20 {
		topic := e.topic(fmt.Sprint(i))
		e.send(topic, "1 2 3")
		e.release(topic)
	}
	empty := func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return len(e.topics) == 0
	}
	waitFor(t, "the topics to leave the memory", empty)
	st := e.Stats()
	if len(st.Topics) != 20 || st.Messages != 60 || st.Bytes != 0 {
		t.Errorf("%d topics with %d messages and %d bytes in memory, want 20, 60 and 0", len(st.Topics), st.Messages, st.Bytes)
	}
	for _, topic := range st.Topics {
		if !topic.Resting || topic.Messages != 3 || topic.Bytes < 3*messageOverhead {
			t.Errorf("topic %+v, want a resting one with 3 messages", topic)
		}
	}
	topic := e.topic("7")
	c := e.join(topic, "s", consumerOptions{})
	e.want("a consumer of one", c, "1 2 3")
	c.ack("1", "2", "3")
	c.leave()
	e.release(topic)
	waitFor(t, "the topics to leave the memory", empty)
	if st := e.Stats(); len(st.Topics) != 19 || st.Messages != 57 {
		t.Errorf("%d topics with %d messages, want 19 with 57", len(st.Topics), st.Messages)
	}
}

// waitFor waits for what another goroutine does.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestSettingsOutliveTheBroker(t *testing.T) {
	e := newEngine(t, Config{Dir: t.TempDir()})
	want := TopicSettings{Sources: StoreForever, MaxRedeliveries: 2, Rights: Rights{Consumers: []string{"anna"}}}
	if err := errors.Join(e.CreateTopic("t", want), e.CreateTopic("gone", TopicSettings{})); err != nil {
		t.Fatal(err)
	}
	e.send(e.topic("gone"), "1 2")
	c := e.join(e.topic("gone"), "s", consumerOptions{kind: Shared, window: 1})
	e.want("a consumer", c, "1")
	if err := e.DeleteTopic("gone"); err != nil {
		t.Fatal(err)
	}
	e.wantHeld(0)
	e.send(e.topic("gone"), "3")
	e.want("the consumer of a deleted topic", c, "1 3")
	e.reopen()
	if diff := cmp.Diff([]NamedTopic{{"t", want}}, e.CreatedTopics()); diff != "" {
		t.Errorf("topics after a restart (-want +got):\n%s", diff)
	}
}

func TestMessagesAndTopicsHaveTheirTime(t *testing.T) {
	for _, dir := range []string{"", "store"} {
		t.Run(dir, func(t *testing.T) {
			if dir != "" {
				dir = t.TempDir()
			}
			synctest.Test(t, func(t *testing.T) {
				e := newEngine(t, Config{Dir: dir, KeptAge: 24 * time.Hour, AnswerAge: 24 * time.Hour})
				err := errors.Join(
					e.CreateTopic("short", TopicSettings{MessageTTL: time.Hour}),
					e.CreateTopic("for a day", TopicSettings{TopicTTL: 24 * time.Hour}),
				)
				if err != nil {
					t.Fatal(err)
				}
				short := e.topic("short")
				c := e.join(short, "s", consumerOptions{window: 1, kind: Exclusive, durable: true})
				e.send(short, "1 2")
				day := e.topic("for a day")
				e.send(day, "1")
				used := e.topic("for a day")
				time.Sleep(2 * time.Hour)
				synctest.Wait()
				e.want("a consumer with a window of one", c, "1")
				c.ack("1")
				e.want("the consumer of a message that is too old", c, "1")
				e.send(short, "3")
				e.want("the consumer", c, "1 3")
				c.ack("3")
				e.wantHeld(1)
				time.Sleep(20 * time.Hour)
				e.release(used)
				e.release(day)
				time.Sleep(20 * time.Hour)
				synctest.Wait()
				if n := len(e.CreatedTopics()); n != 2 {
					t.Errorf("%d topics 20 hours after the last use, want both", n)
				}
				time.Sleep(5 * time.Hour)
				synctest.Wait()
				if n := len(e.CreatedTopics()); n != 1 {
					t.Errorf("%d topics 25 hours after the last use, want one", n)
				}
			})
		})
	}
}

// Nobody uses these topics after the restart, and they are not in memory.
func TestTopicsInTheStoreAge(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Config{Dir: dir, KeptAge: 24 * time.Hour, AnswerAge: 2 * time.Hour, SubscriptionIdle: 48 * time.Hour})
		for _, name := range []string{"kept", "held", "crashed"} {
			topic := e.topic(name)
			if name == "held" {
				e.join(topic, "s", consumerOptions{kind: Exclusive, durable: true, latest: true}).leave()
			}
			e.send(topic, "1:response 2")
			if name != "crashed" {
				e.release(topic)
			}
		}
		synctest.Wait()
		e.reopen()
		count := func() (topics int, messages int64) {
			synctest.Wait()
			st := e.Stats()
			return len(st.Topics), st.Messages
		}
		if topics, messages := count(); topics != 3 || messages != 4 {
			t.Errorf("%d topics with %d messages after a crash, want 3 with 4, since one is not counted", topics, messages)
		}
		if st, ok := e.resting("crashed"); !ok || st.Messages != 2 {
			t.Errorf("the one: %+v, want 2 messages", st)
		}
		time.Sleep(time.Hour)
		if topics, messages := count(); topics != 3 || messages != 6 {
			t.Errorf("%d topics with %d messages after an hour, want 3 with 6", topics, messages)
		}
		time.Sleep(2 * time.Hour)
		if topics, messages := count(); topics != 3 || messages != 3 {
			t.Errorf("%d topics with %d messages after 3 hours, want 3 with 3", topics, messages)
		}
		time.Sleep(24 * time.Hour)
		if topics, messages := count(); topics != 1 || messages != 0 {
			t.Errorf("%d topics with %d messages after a day, want the one with a subscription", topics, messages)
		}
		time.Sleep(24 * time.Hour)
		if topics, _ := count(); topics != 0 {
			t.Errorf("%d topics after two days, want none", topics)
		}
	})
}

// A disk that refuses is an error for the producer, and the message reaches
// nobody.
func TestADiskThatRefuses(t *testing.T) {
	for _, step := range []store.Fault{store.FaultCreate, store.FaultWrite, store.FaultSync} {
		t.Run(string(step), func(t *testing.T) {
			var broken atomic.Bool
			full := errors.New("no space left on device")
			e := newEngine(t, Config{Dir: t.TempDir(), fault: func(s store.Fault) error {
				if broken.Load() && (s == step || s == store.FaultCreate) {
					return full
				}
				return nil
			}})
			topic := e.topic("t")
			if step != store.FaultCreate {
				e.send(topic, "0")
			}
			c := e.join(topic, "s", consumerOptions{kind: Shared})
			broken.Store(true)
			if err := e.publish(topic, testMessage("1")); !errors.Is(err, full) {
				t.Fatalf("publishing: %v, want the disk's error", err)
			}
			c.ack("0")
			e.wantHeld(0)
			if err := e.CreateTopic("new", TopicSettings{}); !errors.Is(err, full) {
				t.Errorf("creating a topic: %v, want the disk's error", err)
			}
			broken.Store(false)
			e.send(topic, "2")
			e.want("the consumer", c, strings.TrimSpace(map[bool]string{true: "", false: "0"}[step == store.FaultCreate]+" 2"))
			e.reopen()
			e.want("a consumer after a restart", e.join(e.topic("t"), "s", consumerOptions{}), "2")
			if topics := e.CreatedTopics(); len(topics) != 0 {
				t.Errorf("topics %v were created, want none", topics)
			}
		})
	}
}

func TestAFullStoreRefuses(t *testing.T) {
	e := newEngine(t, Config{Dir: t.TempDir(), MaxDisk: leastDisk, MaxMessage: 1 << 20})
	topic := e.topic("t")
	body := strings.Repeat("A", 1<<20-100)
	taken := 0
	var err error
	for ; taken < 20; taken++ {
		if err = e.publish(topic, testMessage(body)); err != nil {
			break
		}
	}
	e.wantFull(err, "the store is full")
	if st := e.Stats().Store; taken < 12 || st.Disk > leastDisk {
		t.Errorf("%d messages of a megabyte take %d bytes, want 12 at least and %d bytes at most", taken, st.Disk, int64(leastDisk))
	}
	c := e.join(topic, "s", consumerOptions{})
	for _, d := range c.got {
		topic.ack(c.consumer, d.entry.msg.seq)
	}
	waitFor(t, "room in the store", func() bool { return e.publish(topic, testMessage(body)) == nil })
}

// Bytes that changed on the disk are told from a message, which is then dropped
// and not delivered to anybody.
func TestADamagedMessageIsDropped(t *testing.T) {
	dir := t.TempDir()
	e := newEngine(t, Config{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	e.send(e.topic("t"), "first damaged third")
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil || len(files) != 1 {
		t.Fatalf("segments %v, %v", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(files[0], []byte(strings.Replace(string(text), "damaged", "dAmaged", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	e = newEngine(t, Config{Dir: dir})
	topic := e.topic("t")
	c := e.join(topic, "s", consumerOptions{})
	var got []string
	for _, d := range c.got {
		content, err := d.entry.msg.open(e.Broker)
		if err != nil {
			topic.unreadable(d.entry, err)
			continue
		}
		got = append(got, string(content.payload))
	}
	if diff := cmp.Diff([]string{"first", "third"}, got); diff != "" {
		t.Errorf("delivered (-want +got):\n%s", diff)
	}
	if st := e.Stats(); st.Damaged != 1 || st.Messages != 2 {
		t.Errorf("%d damaged and %d held, want 1 and 2", st.Damaged, st.Messages)
	}
}

func TestTheStoreIsLocked(t *testing.T) {
	dir := t.TempDir()
	e := newEngine(t, Config{Dir: dir})
	_, err := New(Config{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "another process is using it") || !strings.Contains(err.Error(), dir) {
		t.Errorf("a second broker on the folder: %v", err)
	}
	e.reopen()
}

// A topic of which a part can't be read is refused, and nothing of it is
// changed: what is not in memory must not be taken for acknowledged.
func TestATopicThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	e := newEngine(t, Config{Dir: dir})
	e.send(e.topic("t"), "1 2 3")
	key := e.topic("t").kept[1].storeKey
	state, err := e.store.Get(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.store.Set(key, []byte{0, 99}, nil); err != nil {
		t.Fatal(err)
	}
	e.reopen()
	for range 2 {
		_, err := e.acquire("t")
		wantStatus(t, "a topic that can't be read", err, 503)
	}
	if err := e.store.Set(key, state, nil); err != nil {
		t.Fatal(err)
	}
	e.reopen()
	e.want("a consumer, once it can be read", e.join(e.topic("t"), "s", consumerOptions{}), "1 2 3")
}
