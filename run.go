package dasf

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/dasf-go/dasf/fragment"
	"github.com/dasf-go/dasf/transport"
)

// recent is how many calls a backend knows as answered, to tell a request
// that is delivered again from a new one.
const recent = 16_384

// dropsPrefetch is asked of a broker that drops what exceeds the window:
// Pulsar's largest receiverQueueSize.
const dropsPrefetch = 1000

// Run answers the requests that arrive on the module's topic, through b,
// until ctx ends. Then it takes no new request, hands back those not yet
// started where the broker redelivers, lets those in hand finish within
// Config.Grace, answers them, and returns nil.
//
// Run waits for a broker that is not there yet. It returns an error at once
// when the broker refuses the topic, and for a Config.Ack that the broker
// can't keep. A module may be run once at a time on each topic.
func (m *Module) Run(ctx context.Context, b transport.Broker) error {
	log := m.cfg.Logger.With(slog.String("topic", m.cfg.Topic))
	r := &backend{
		module:    m,
		cfg:       m.cfg,
		log:       log,
		seldom:    seldom(log),
		broker:    b,
		producers: newProducers(b, *m.cfg.ProducerKeepAlive, m.cfg.ProducerConnectionTimeout, m.cfg.MaxProducers),
		queue:     make(chan *job, m.cfg.QueueSize),
		control:   make(chan func(context.Context), controlQueue),
		held:      map[callKey][]*job{},
		answers:   newAnswers(recent, m.cfg.ResendBytes, m.cfg.ResendAge),
		assembler: &fragment.Assembler{MaxBytes: m.cfg.AssemblyBytes, MaxOpen: m.cfg.AssemblyCount, MaxAge: m.cfg.AssemblyAge},
		pieces:    map[callKey]*job{},
		clients:   map[string]*watchedClient{},
		busy:      make(chan struct{}, 1),
	}
	r.free.L = &r.mu
	return r.run(ctx)
}

// A backend is one run of a module.
type backend struct {
	module *Module
	cfg    Config
	log    *slog.Logger
	seldom *slog.Logger // for what peers can bring about as often as they like
	broker transport.Broker

	telling   sync.Mutex // held while the broker is told of the window
	delivery  transport.Delivery
	inbox     string // topic of the messages for this backend alone; "" on a broker where all hear everything
	producers *producers
	messages  messagePool // of short answers
	queue     chan *job
	control   chan func(context.Context) // answers that wait for no worker
	waiting   sync.WaitGroup             // workers, and short answers on their way

	// work ends when the grace is over; with it the handlers' contexts.
	work       context.Context
	background context.Context // ends after the last answer
	stopWork   context.CancelCauseFunc

	mu        sync.Mutex
	consumer  transport.Consumer // of the topic; replaced by reopen
	held      map[callKey][]*job // waiting or running; more than one only when peers reuse a context
	count     int                // jobs in held
	bytes     int64              // their payloads
	answers   *answers
	assembler *fragment.Assembler
	pieces    map[callKey]*job // requests of which pieces are missing
	clients   map[string]*watchedClient
	parked    []*job       // delivered by a broker that redelivers, beyond QueueBytes
	returned  []*delivered // while stopping: to be handed back in a moment
	unstored  []*unstored  // answers that the broker could not store
	sending   int          // short answers on their way
	sendBytes int          // in them
	quick     int          // jobs in a row that took little time
	window    window
	begun     int       // jobs in held that a worker has
	running   int       // jobs that a goroutine has, at most Workers
	entering  []*job    // of workers that wait until running gets less
	free      sync.Cond // signalled then
	stopping  bool
	busy      chan struct{} // told when there is something to watch over
	interrupt context.CancelCauseFunc
	reopened  time.Time
	probe     probe
}

func (r *backend) run(ctx context.Context) error {
	defer r.producers.close()
	consumer, err := r.open(ctx)
	if err != nil {
		return err
	}
	r.consumer, r.delivery = consumer, consumer.Delivery()
	r.window = r.newWindow(consumer)
	r.work, r.stopWork = context.WithCancelCause(context.WithoutCancel(ctx))
	defer r.stopWork(nil)

	var inbox transport.Consumer
	if !r.delivery.FanOut {
		if inbox, err = r.openInbox(ctx); err != nil {
			_ = consumer.Close()
			return err
		}
	}
	var services sync.WaitGroup // live until the last answer is sent
	background, stopServices := context.WithCancel(context.WithoutCancel(ctx))
	r.background = background
	for range controlWorkers {
		services.Go(func() { r.serveControl(background) })
	}
	services.Go(func() { r.announce(background) })
	receiving, stopReceiving := context.WithCancel(background)
	failed := make(chan error, 2)
	services.Go(func() { failed <- r.receiveTopic(receiving) })
	if inbox != nil {
		services.Go(func() { failed <- r.receive(receiving, inbox) })
	}
	for range r.cfg.Workers {
		r.waiting.Go(r.serve)
	}
	services.Go(func() { r.lookForOthers(receiving) })
	if r.cfg.Ready != nil {
		r.cfg.Ready()
	}

	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	leftover := r.stop()
	stopReceiving()
	r.handBackAll(taken(r, &r.returned))
	for _, one := range taken(r, &r.unstored) {
		r.handBackAll(one.messages)
	}
	_ = r.current().Close()
	if inbox != nil {
		_ = inbox.Close()
	}
	stopServices()
	services.Wait()
	if err == nil && leftover > 0 {
		err = fmt.Errorf("%d requests in hand did not end within Config.Grace (%v)", leftover, *r.cfg.Grace)
	}
	return err
}

// open consumes the topic. The window depends on what the broker does with
// messages beyond it, and that is known only once it answered.
func (r *backend) open(ctx context.Context) (transport.Consumer, error) {
	o := transport.ConsumeOptions{
		Subscription: r.cfg.Subscription,
		Type:         transport.SubscriptionType(r.cfg.SubscriptionType),
		Prefetch:     r.cfg.Workers,
	}
	consumer, err := r.broker.Consume(ctx, r.cfg.Topic, o)
	if err == nil && consumer.Delivery().DropsWhenFull && o.Prefetch != dropsPrefetch {
		_ = consumer.Close()
		o.Prefetch = dropsPrefetch
		consumer, err = r.broker.Consume(ctx, r.cfg.Topic, o)
	}
	if err != nil {
		return nil, fmt.Errorf("consuming topic %s: %w", r.cfg.Topic, err)
	}
	if r.cfg.Ack == AckAfterResponse && consumer.Delivery().DropsWhenFull {
		_ = consumer.Close()
		return nil, fmt.Errorf("config: Ack is %q, but the topic %s is non-persistent on Pulsar, which drops new requests while old ones are not acknowledged; use a persistent topic or %q",
			r.cfg.Ack, r.cfg.Topic, AckOnReceipt)
	}
	return consumer, nil
}

func (r *backend) openInbox(ctx context.Context) (transport.Consumer, error) {
	r.inbox = r.cfg.Topic + "_" + randomLetters()
	inbox, err := r.broker.Consume(ctx, r.inbox, transport.ConsumeOptions{
		Subscription: "dasf-inbox", Type: transport.Exclusive, NonDurable: true,
	})
	if err != nil {
		return nil, fmt.Errorf("consuming inbox %s: %w", r.inbox, err)
	}
	return inbox, nil
}

// randomLetters are the eight ASCII letters that demessaging puts behind the
// topic of a backend to make that of a client.
func randomLetters() string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	b := make([]byte, 8)
	for i := range b {
		b[i] = letters[rand.IntN(len(letters))]
	}
	return string(b)
}

func (r *backend) current() transport.Consumer {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.consumer
}

// errReopen ends the receiving from a consumer that is to be opened anew.
var errReopen = errors.New("reopening the consumer")

// receiveTopic receives from the topic until ctx ends.
func (r *backend) receiveTopic(ctx context.Context) error {
	for {
		consumer := r.current()
		one, interrupt := context.WithCancelCause(ctx)
		r.mu.Lock()
		r.interrupt = interrupt
		r.mu.Unlock()
		err := r.receive(one, consumer)
		interrupt(nil)
		if ctx.Err() != nil || context.Cause(one) != errReopen {
			return err
		}
		_ = consumer.Close()
		if consumer, err = r.open(ctx); err != nil {
			return err
		}
		window := r.newWindow(consumer)
		r.mu.Lock()
		r.consumer = consumer
		r.window = window
		r.mu.Unlock()
	}
}

// reopen opens the topic's consumer anew when calls wait although this
// backend holds none: then messages that were delivered got lost on the way,
// and only the end of the connection makes the broker deliver them again.
func (r *backend) reopen() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.count > 0 || len(r.pieces) > 0 || r.stopping || !r.delivery.Redelivers || time.Since(r.reopened) < r.cfg.AliveInterval {
		return
	}
	r.reopened = time.Now()
	r.log.Info("opening the consumer anew, since calls wait although none is held")
	r.interrupt(errReopen)
}

// A deliverer is a consumer that hands messages over where they are read; see
// Deliver in the transport package.
type deliverer interface {
	Deliver(take func(*transport.Message))
}

// receive takes what arrives at one consumer until ctx ends.
func (r *backend) receive(ctx context.Context, from transport.Consumer) error {
	if c, ok := from.(deliverer); ok {
		c.Deliver(func(m *transport.Message) {
			if ctx.Err() == nil {
				r.take(ctx, &delivered{Message: m, from: from})
			}
		})
	}
	for {
		msg, err := from.Receive(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("receiving: %w", err)
		}
		r.take(ctx, &delivered{Message: msg, from: from})
	}
}

// A delivered message knows where to acknowledge it.
type delivered struct {
	*transport.Message
	from   transport.Consumer
	weight int64 // against Config.QueueBytes, once weighed
}

func (r *backend) ack(d *delivered) {
	if err := d.from.Ack(r.work, d.Message); err != nil && !errors.Is(err, transport.ErrClosed) && r.work.Err() == nil {
		r.log.Warn("acknowledging a message", "messageId", d.ID, "err", err)
	}
}

// afterResponse reports whether a request is acknowledged after its response.
func (r *backend) afterResponse() bool {
	switch r.cfg.Ack {
	case AckAfterResponse:
		return true
	case AckOnReceipt:
		return false
	}
	return r.delivery.Redelivers
}

// brokerQueues reports whether requests wait in the broker while all workers
// are busy, so that there is no overflow.
func (r *backend) brokerQueues() bool {
	return r.delivery.Redelivers && !r.delivery.FanOut && r.afterResponse()
}

// take handles one message. It never waits for a worker or a socket.
func (r *backend) take(ctx context.Context, d *delivered) {
	kind := d.Properties[propType]
	if err := checkIdentity(d.Message); err != nil {
		r.ignore(d, "ignored a message", "err", err)
		return
	}
	if err := d.weigh(); err != nil {
		if kind == typeRequest && callerTopic(d.Message) != "" && requestContext(d.Message) != "" {
			r.refuseMessage(d, CodeInvalidRequest, "error validating request: "+err.Error())
		} else {
			r.ignore(d, "ignored a message", "err", err)
		}
		return
	}
	switch kind {
	case typeCancel:
		r.ack(d)
		r.cancelCall(callKey{callerTopic(d.Message), requestContext(d.Message)})
		return
	case typeResend:
		r.ack(d)
		r.resend(d.Message)
		return
	case typePong:
		r.ack(d)
		r.probe.pong(d.Message)
		return
	case typeRequest:
		if callerTopic(d.Message) != "" && requestContext(d.Message) != "" {
			r.takeRequest(d)
			return
		}
	case typePing, typeInfo, typeAPIInfo:
		if d.Properties[propResponseTopic] != "" && requestContext(d.Message) != "" {
			r.ack(d)
			r.answerControl(ctx, d.Message, kind)
			return
		}
	case typeAlive:
		r.ack(d)
		r.hearClient(d.Properties[propCaller])
		return
	case typeAccepted:
		r.ack(d) // for clients, which on some brokers hear each other
		return
	}
	if kind == "" || kind == typeRequest || kind == typePing || kind == typeInfo || kind == typeAPIInfo {
		r.ignore(d, "ignored a message without response_topic, requestContext or messageType")
	} else {
		r.ignore(d, "ignored a message of a type that a backend does not take")
	}
}

// ignore acknowledges a message that can't be taken, and says why in the log.
func (r *backend) ignore(d *delivered, text string, more ...any) {
	r.ack(d)
	r.cfg.Observer.Count(CountIgnored, 1)
	r.seldom.Warn(text, append([]any{"messageId", d.ID, "messageType", d.Properties[propType]}, more...)...)
}

// stop ends the run: see Run. It returns how many requests were left when the
// grace was over.
func (r *backend) stop() int {
	r.mu.Lock()
	r.stopping = true
	r.free.Broadcast()
	r.mu.Unlock()
	parked := taken(r, &r.parked)
	r.cfg.Observer.Held(-len(parked), 0)
	for _, j := range parked {
		r.handBack(j)
	}
	for len(r.queue) > 0 {
		select {
		case j := <-r.queue:
			r.handBack(j)
		default:
		}
	}
	close(r.queue)
	done := make(chan struct{})
	go func() { r.waiting.Wait(); close(done) }()
	if r.endsWithin(*r.cfg.Grace, done) {
		return 0
	}
	r.stopWork(errShutdown)
	// A handler that heeds its context ends now; one that does not is left.
	last := time.NewTimer(lastMoment)
	defer last.Stop()
	select {
	case <-done:
		return 0
	case <-last.C:
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count
}

// endsWithin waits for done, and has brokers answer meanwhile what they may
// answer late.
func (r *backend) endsWithin(grace time.Duration, done <-chan struct{}) bool {
	timer := time.NewTimer(grace)
	defer timer.Stop()
	hurry := time.NewTicker(hurryTime)
	defer hurry.Stop()
	r.producers.hurry()
	for {
		select {
		case <-done:
			return true
		case <-timer.C:
			return false
		case <-hurry.C:
			r.producers.hurry()
		}
	}
}

const hurryTime = 50 * time.Millisecond

// lastMoment is what handlers get to return once their contexts have ended.
const lastMoment = time.Second

var errShutdown = errors.New("the backend is shutting down")

// handBack gives up a request that was not started.
func (r *backend) handBack(j *job) {
	j.cancel(nil)
	r.forget(j)
	if r.delivery.Redelivers && r.afterResponse() {
		r.handBackAll(j.messages)
		return
	}
	r.refuse(j, CodeUnavailable, "request rejected because "+errShutdown.Error()+", try again later")
}

// handBackLater gives up a request that came while the backend stops. The
// broker may deliver it to this backend again, since that has a worker free, so
// it gets it back a second later.
func (r *backend) handBackLater(j *job) {
	if !r.delivery.Redelivers || !r.afterResponse() {
		r.handBack(j)
		return
	}
	j.cancel(nil)
	r.mu.Lock()
	r.returned = append(r.returned, j.messages...)
	r.wake()
	r.mu.Unlock()
}

// taken empties a list that belongs to the backend's mutex, and returns what
// was in it.
func taken[T any](r *backend, list *[]T) []T {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := *list
	*list = nil
	return all
}

// returner is a consumer that can hand a message back without the broker
// counting the delivery.
type returner interface {
	Return(context.Context, *transport.Message) error
}

func (r *backend) handBackAll(messages []*delivered) {
	for _, d := range messages {
		back := d.from.Nack
		if from, ok := d.from.(returner); ok {
			back = from.Return
		}
		if err := back(r.background, d.Message); err != nil && !errors.Is(err, transport.ErrClosed) {
			r.log.Warn("handing back a request", "messageId", d.ID, "err", err)
		}
	}
}
