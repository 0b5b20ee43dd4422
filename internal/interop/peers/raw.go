package peers

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// rawSubscription has only characters that each broker takes in a name.
const rawSubscription = "raw"

// A Raw is a client that speaks the wire by hand: no retries, no checks, no
// opinion. It shows what the peers really send. Send and Receive may run at the
// same time, each from one goroutine.
type Raw struct {
	ResponseTopic string

	producer, consumer *websocket.Conn
	messages           chan Envelope
	acks               chan json.RawMessage
	wg                 sync.WaitGroup
	next               int
}

// A Request is a message towards a backend. The zero value of Context counts
// up from 0, as demessaging does.
type Request struct {
	Type       string         // messageType; "" means request
	Payload    []byte         // before base64
	Properties map[string]any // added to the usual ones, or in their place; nil values are left out
}

// An Envelope is a message from a broker, as it came.
type Envelope struct {
	MessageID  string                     `json:"messageId"`
	Properties map[string]json.RawMessage `json:"properties"`
	Payload    string                     `json:"payload"`
}

// Property returns a property's text, whether it came as a string or as a number; "" if absent.
func (e Envelope) Property(name string) string {
	raw := e.Properties[name]
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

// Text returns the decoded payload.
func (e Envelope) Text() string {
	b, err := base64.StdEncoding.DecodeString(e.Payload)
	if err != nil {
		return "not base64: " + e.Payload
	}
	return string(b)
}

// DialRaw opens a client's two sockets: a consumer of a response topic of its
// own and a producer for the topic.
func DialRaw(ctx context.Context, at Endpoint, topic string) (*Raw, error) {
	r := &Raw{
		ResponseTopic: topic + "_" + letters(8),
		messages:      make(chan Envelope, 1024),
		acks:          make(chan json.RawMessage, 1024),
	}
	var err error
	if r.consumer, err = dial(ctx, at.ConsumerURL(r.ResponseTopic, rawSubscription), at.Header()); err != nil {
		return nil, err
	}
	if r.producer, err = dial(ctx, at.ProducerURL(topic), at.Header()); err != nil {
		r.consumer.Close()
		return nil, err
	}
	r.wg.Go(r.consume)
	r.wg.Go(r.readAcks)
	return r, nil
}

func dial(ctx context.Context, url string, header http.Header) (*websocket.Conn, error) {
	conn, resp, err := websocket.DefaultDialer.DialContext(ctx, url, header)
	if err != nil {
		if resp != nil {
			err = fmt.Errorf("%w (%s)", err, resp.Status)
		}
		return nil, fmt.Errorf("dialling %s: %w", url, err)
	}
	return conn, nil
}

func letters(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'a' + byte(rand.IntN(26))
	}
	return string(b)
}

// consume acknowledges each message on receipt, as demessaging does.
func (r *Raw) consume() {
	defer close(r.messages)
	for {
		_, data, err := r.consumer.ReadMessage()
		if err != nil {
			return
		}
		var e Envelope
		if json.Unmarshal(data, &e) != nil {
			continue // a broker's answer to something else; no message for us
		}
		if r.consumer.WriteJSON(map[string]string{"messageId": e.MessageID}) != nil {
			return
		}
		// The Django broker sends these two to each consumer by itself.
		if e.Property("response_topic") == "status-ping" {
			continue
		}
		r.messages <- e
	}
}

func (r *Raw) readAcks() {
	defer close(r.acks)
	for {
		_, data, err := r.producer.ReadMessage()
		if err != nil {
			return
		}
		select {
		case r.acks <- data:
		default: // nobody reads them
		}
	}
}

// Send sends a request.
func (r *Raw) Send(q Request) error {
	properties := map[string]any{
		"response_topic": r.ResponseTopic,
		"requestContext": strconv.Itoa(r.next),
		"messageType":    "request",
	}
	if q.Type != "" {
		properties["messageType"] = q.Type
	}
	for name, value := range q.Properties {
		if value == nil {
			delete(properties, name)
			continue
		}
		properties[name] = value
	}
	r.next++
	return r.producer.WriteJSON(map[string]any{
		"properties": properties,
		"payload":    base64.StdEncoding.EncodeToString(q.Payload),
		"context":    strconv.Itoa(r.next),
	})
}

// SendText sends a text frame as it is.
func (r *Raw) SendText(text string) error {
	return r.producer.WriteMessage(websocket.TextMessage, []byte(text))
}

// Receive returns the next message of the response topic.
func (r *Raw) Receive(ctx context.Context) (Envelope, error) {
	return next(ctx, r.messages)
}

// Ack returns the broker's next acknowledgement of something that was sent.
func (r *Raw) Ack(ctx context.Context) (json.RawMessage, error) {
	return next(ctx, r.acks)
}

func next[T any](ctx context.Context, from <-chan T) (T, error) {
	select {
	case v, ok := <-from:
		if !ok {
			return v, fmt.Errorf("the broker closed the socket")
		}
		return v, nil
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// Close closes both sockets and waits for the readers.
func (r *Raw) Close() error {
	deadline := time.Now().Add(time.Second)
	bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	for _, c := range []*websocket.Conn{r.producer, r.consumer} {
		_ = c.WriteControl(websocket.CloseMessage, bye, deadline) // the socket may be closed already
		c.Close()
	}
	go func() {
		for range r.messages { // a reader that waits for room in the channel goes on
		}
	}()
	r.wg.Wait()
	return nil
}
