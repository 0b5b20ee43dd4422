package broker

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var updateStore = flag.Bool("update-store", false, "write testdata/store anew, with the format that this version writes")

// TestStoresOfEarlierVersions opens stores that were kept when their format was
// the newest: testdata/store/VERSION-closed and VERSION-killed. See the README
// beside them.
func TestStoresOfEarlierVersions(t *testing.T) {
	if *updateStore {
		writeStores(t)
	}
	dirs, err := filepath.Glob("testdata/store/*-*")
	if err != nil || len(dirs) < 2 {
		t.Fatalf("stores %v, %v; want two at least", dirs, err)
	}
	for _, from := range dirs {
		t.Run(filepath.Base(from), func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
				t.Fatal(err)
			}
			e := newEngine(t, Config{Dir: dir, KeptAge: forever, AnswerAge: forever, SubscriptionIdle: forever})
			for range 2 { // what is read can be written and read again
				wantStore(t, e)
				e.reopen()
			}
		})
	}
}

// forever outlasts the fixtures.
const forever = 200 * 365 * 24 * time.Hour

// fillStore writes something of everything.
func fillStore(t *testing.T, e *engine) {
	settings := TopicSettings{Sources: StoreForever, Responses: StoreCacheAll, MaxRedeliveries: 3, MessageTTL: forever}
	if err := e.CreateTopic("archive", settings); err != nil {
		t.Fatal(err)
	}
	kept := e.topic("kept")
	e.send(kept, "1 2@key 3:response 4")
	c := e.join(kept, "passing", consumerOptions{})
	c.ack("2")
	c.leave()

	durable := consumerOptions{kind: Shared, durable: true}
	shared := e.topic("a/b/shared")
	w := e.join(shared, "workers", durable)
	other := e.join(shared, "other", durable)
	e.send(shared, "1 2 3")
	w.ack("2")
	w.nack("3")
	other.ack("1", "3")
	w.leave()

	archive := e.topic("archive")
	anna := e.join(archive, "s", consumerOptions{user: "anna"})
	e.send(archive, "1 2")
	anna.ack("1")
}

func wantStore(t *testing.T, e *engine) {
	t.Helper()
	s, err := e.TopicSettings("archive")
	want := TopicSettings{Sources: StoreForever, Responses: StoreCacheAll, MaxRedeliveries: 3, MessageTTL: forever}
	if diff := cmp.Diff(want, s); diff != "" || err != nil {
		t.Errorf("settings: %v (-want +got):\n%s", err, diff)
	}
	e.want("a consumer of kept", e.join(e.topic("kept"), "s", consumerOptions{kind: Shared}), "1+1 3+1 4+1")
	durable := consumerOptions{kind: Shared, durable: true}
	shared := e.topic("a/b/shared")
	e.want("the workers", e.join(shared, "workers", durable), "1+1 3+2")
	e.want("the other", e.join(shared, "other", durable), "2")
	archive := e.topic("archive")
	e.want("anna", e.join(archive, "s", consumerOptions{user: "anna"}), "2")
	e.want("ben", e.join(archive, "s", consumerOptions{user: "ben"}), "1 2")
}

func writeStores(t *testing.T) {
	for _, name := range []string{"1-closed", "1-killed"} {
		dir := t.TempDir()
		e := newEngine(t, Config{Dir: dir, KeptAge: forever, AnswerAge: forever, SubscriptionIdle: forever})
		fillStore(t, e)
		if err := e.store.Flush(); err != nil {
			t.Fatal(err)
		}
		if name == "1-closed" {
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
		}
		to := filepath.Join("testdata/store", name)
		if err := os.RemoveAll(to); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		trimSegments(t, to)
	}
}

// trimSegments cuts off the space that was taken in advance.
func trimSegments(t *testing.T, dir string) {
	files, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(bytes.TrimRight(text, "\x00"), make([]byte, 16)...), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
