package broker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dasf-go/dasf/broker/internal/store"
	"github.com/dasf-go/dasf/internal/nowait"
)

// A Broker is a message broker, served as an [http.Handler]. All of
// its methods may be called concurrently. See the package documentation for
// what it promises.
type Broker struct {
	config     Config
	log        *journal
	identities identities
	writers    sync.Pool // of *writer
	readers    nowait.Group
	lateness   lateness
	settlers   settlers
	scratch    sync.Pool // of *[]byte, to read long messages into
	memories   sync.Pool // of *memory

	lastSeq   atomic.Uint64
	bytes     atomic.Int64 // of all messages held
	keptBytes atomic.Int64 // of those that wait for a first subscription
	messages  atomic.Int64
	counters

	mu      sync.Mutex
	topics  map[string]*topic
	sockets map[*socket]struct{}
	places  int // handshakes begun and sockets open
	closing bool

	handshakes [len(handshakeKinds)]atomic.Int64 // refused
	pages      http.Handler                      // all that is no WebSocket
	started    time.Time

	statusMu sync.Mutex
	statuses map[string]*topicStatus // by topic

	store     *store.Store // nil without Config.Dir
	recounted bool         // by sweep: no topic's record is wrong since a crash
	graves

	changing   sync.Mutex // held while settings change
	settingsMu sync.RWMutex
	settings   map[string]*TopicSettings // by topic; what it points to never changes
	owned      map[string]int            // topics for answers, by the name of their owner
	created    atomic.Int64              // how many these are
	used       map[string]time.Time      // when a topic with a TopicTTL was last seen in use

	usages usages
	live   atomic.Pointer[liveConfig]

	watchMu sync.Mutex
	watched map[*topic]struct{} // topics with something that can expire

	running sync.WaitGroup // every goroutine and handshake
	stop    chan struct{}  // closed when the broker closes
}

// New returns a broker. Close or Shutdown ends it and the goroutines that it
// has started. The error names the field of c that can't be right.
func New(c Config) (*Broker, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	b := &Broker{
		config:     c,
		log:        newJournal(c.Logger),
		identities: newIdentities(),
		topics:     make(map[string]*topic),
		sockets:    make(map[*socket]struct{}),
		settings:   make(map[string]*TopicSettings),
		owned:      make(map[string]int),
		used:       make(map[string]time.Time),
		watched:    make(map[*topic]struct{}),
		usages:     usages{user: make(map[string]*usage)},
		statuses:   make(map[string]*topicStatus),
		started:    time.Now(),
		stop:       make(chan struct{}),
	}
	b.live.Store(c.live())
	b.writers.New = func() any { return newWriter() }
	b.scratch.New = func() any { return new([]byte) }
	b.lateness.readers = &b.readers
	if b.pages, err = b.routes(); err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	b.graves.dug = make(chan struct{}, 1)
	if c.Dir != "" {
		if err := b.openStore(); err != nil {
			return nil, err
		}
	}
	b.running.Go(b.sweep)
	b.running.Go(b.dig)
	if c.StatusInterval > 0 {
		b.running.Go(b.askAll)
	}
	if !b.open() {
		b.running.Go(b.expireTokens)
	}
	return b, nil
}

// age is how long the broker has been there, in nanoseconds, and never 0: a time
// that does not jump when the machine's clock is set.
func (b *Broker) age() int64 { return 1 + int64(time.Since(b.started)) }

// ServeHTTP answers the WebSocket handshakes below /ws/ and returns; the
// sockets live on until the peer, Close or Shutdown ends them. It serves the
// pages that the package documentation lists, too. To mount a broker elsewhere
// use [http.StripPrefix]; to leave the pages out, mount it below /ws/ only.
func (b *Broker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/ws/") {
		b.pages.ServeHTTP(w, r)
		return
	}
	if err := b.serve(w, r); err != nil {
		b.refuse(w, r, err)
	}
}

// Shutdown refuses new connections, lets every socket finish its
// acknowledgements, closes it with code 1001 and waits until all goroutines of
// the broker have ended. When ctx ends first, it cuts the connections and
// returns the context's error. Messages that nobody has acknowledged are lost,
// but for those in the store.
func (b *Broker) Shutdown(ctx context.Context) error {
	b.mu.Lock()
	if !b.closing {
		b.closing = true
		close(b.stop)
	}
	for s := range b.sockets {
		s.disconnect(closeGoingAway, "the broker is shutting down")
	}
	b.mu.Unlock()
	done := make(chan struct{})
	go func() {
		b.running.Wait()
		b.stopTimers()
		b.lateness.end()
		close(done)
	}()
	select {
	case <-done:
		return b.closeStore()
	case <-ctx.Done():
	}
	b.mu.Lock()
	for s := range b.sockets {
		s.conn.Close()
	}
	b.mu.Unlock()
	<-done
	return errors.Join(ctx.Err(), b.closeStore())
}

// closeStore closes the store once.
func (b *Broker) closeStore() error {
	if b.store == nil {
		return nil
	}
	if err := b.store.Close(); err != nil && !errors.Is(err, store.ErrClosed) {
		return fmt.Errorf("closing the store: %w", err)
	}
	return nil
}

// openStore opens the store and reads the settings of topics, which are all
// that is read at the start.
func (b *Broker) openStore() error {
	c := &b.config
	s, err := store.Open(c.Dir, store.Options{MaxBytes: c.MaxDisk, Logger: c.Logger, EpochOf: epochOf, Fault: c.fault})
	if err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	b.store = s
	b.identities = identitiesOf(s.ID())
	// Numbers rise from one start to the next, whatever was lost in between.
	b.lastSeq.Store(s.Epoch() << epochBits)
	if s.Rebuilt() {
		if err := b.mend(); err != nil {
			return errors.Join(fmt.Errorf("broker: mending the store in %s: %w", c.Dir, err), s.Close())
		}
	}
	if err := b.loadSettings(); err != nil {
		return errors.Join(fmt.Errorf("broker: reading the topics in %s: %w", c.Dir, err), s.Close())
	}
	return nil
}

// Close is Shutdown for those who can't wait: after a second it cuts the
// connections.
func (b *Broker) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := b.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// stopTimers ends those of subscriptions without a consumer.
func (b *Broker) stopTimers() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, t := range b.topics {
		t.mu.Lock()
		for _, s := range t.subscriptions {
			s.delayed.stop()
		}
		t.mu.Unlock()
	}
}

// admit counts a handshake in, or says why it can't be. One that fails must
// leave; one that succeeds enters, and exits when its connection ends.
func (b *Broker) admit() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closing {
		return refuse(http.StatusServiceUnavailable, "%w", errClosed)
	}
	if b.places >= b.config.MaxSockets {
		return refuse(http.StatusServiceUnavailable, "%d sockets are open, no more are allowed", b.places)
	}
	b.places++
	b.running.Add(1)
	return nil
}

func (b *Broker) leave() {
	b.mu.Lock()
	b.places--
	b.mu.Unlock()
	b.running.Done()
}

// enter makes a socket known to Shutdown. It returns false when that has begun.
func (b *Broker) enter(s *socket) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closing {
		return false
	}
	b.sockets[s] = struct{}{}
	return true
}

// exit gives the place of a socket to another one. The socket's goroutines may
// still have something to finish.
func (b *Broker) exit(s *socket) {
	b.mu.Lock()
	delete(b.sockets, s)
	b.places--
	b.mu.Unlock()
}

// acquire returns the topic of that name and makes it when there is none. The
// caller must release it.
func (b *Broker) acquire(name string) (*topic, error) {
	b.mu.Lock()
	if t := b.topics[name]; t != nil {
		t.users++
		b.mu.Unlock()
		return t, nil
	}
	if len(b.topics) >= b.config.MaxTopics {
		defer b.mu.Unlock()
		return nil, refuse(http.StatusServiceUnavailable, "there are %d topics, no more are allowed", len(b.topics))
	}
	t := &topic{broker: b, name: name, users: 1, status: b.status(name)}
	b.topics[name] = t
	if b.store == nil {
		b.mu.Unlock()
		return t, nil
	}
	// Others who want the topic wait for it, and nobody else does.
	t.mu.Lock()
	b.mu.Unlock()
	t.loadErr = t.load()
	err := t.loadErr
	t.unlock()
	if err != nil {
		b.release(t)
		return nil, refuse(http.StatusServiceUnavailable, "%w", err)
	}
	return t, nil
}

// release gives a topic back. One that nobody uses and that holds nothing has
// nothing to remember either, and goes.
func (b *Broker) release(t *topic) {
	b.noteUse(t.name)
	b.leaveTopic(t)
}

// leaveTopic is release for those whose use is none.
func (b *Broker) leaveTopic(t *topic) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t.users--
	b.removeUnused(t)
}

// removeUnused removes t from the memory if it can; b.mu is held.
func (b *Broker) removeUnused(t *topic) {
	if t.users == 0 && b.topics[t.name] == t && t.rests() == restGone {
		t.forgetMemory()
		delete(b.topics, t.name)
	}
}

// watch has a topic looked at by the sweep.
func (b *Broker) watch(t *topic) {
	b.watchMu.Lock()
	b.watched[t] = struct{}{}
	b.watchMu.Unlock()
}

func (b *Broker) unwatch(t *topic) {
	b.watchMu.Lock()
	delete(b.watched, t)
	b.watchMu.Unlock()
}

// sweep drops what is too old until the broker closes.
func (b *Broker) sweep() {
	c := &b.config
	shortest := min(c.KeptAge, c.AnswerAge, c.SubscriptionIdle)
	ticker := time.NewTicker(min(max(shortest/8, time.Millisecond), 30*time.Second))
	defer ticker.Stop()
	for {
		select {
		case <-b.stop:
			return
		case now := <-ticker.C:
			b.sweepOnce(now)
			b.forgetStatuses()
		}
	}
}

func (b *Broker) sweepOnce(now time.Time) {
	b.watchMu.Lock()
	topics := make([]*topic, 0, len(b.watched))
	for t := range b.watched {
		topics = append(topics, t)
	}
	b.watchMu.Unlock()
	for _, t := range topics {
		t.expire(now)
		b.mu.Lock()
		b.removeUnused(t)
		b.mu.Unlock()
	}
	if b.store != nil {
		b.sweepStore(now)
	}
	b.sweepCreated(now)
}
