package measure

import (
	"net/http"
	"strings"
	"sync"

	"github.com/gorilla/websocket"
)

// A BareRelay passes each message of /ws/TOPIC to the socket at
// /ws/TOPIC/NAME, with gorilla/websocket and nothing else: no acknowledgements,
// no queue. It is what a broker on such sockets can be compared with.
type BareRelay struct {
	upgrader websocket.Upgrader

	mu        sync.Mutex
	consumers map[string]*relayConsumer
}

type relayConsumer struct {
	mu sync.Mutex
	ws *websocket.Conn
}

// NewBareRelay returns a relay without topics.
func NewBareRelay() *BareRelay {
	return &BareRelay{
		upgrader:  websocket.Upgrader{ReadBufferSize: 4 << 10, WriteBufferSize: 64 << 10, WriteBufferPool: &sync.Pool{}},
		consumers: make(map[string]*relayConsumer),
	}
}

// ServeHTTP serves a socket.
func (r *BareRelay) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	topic, _, consumer := strings.Cut(strings.TrimPrefix(req.URL.Path, "/ws/"), "/")
	ws, err := r.upgrade(w, req, consumer, topic)
	if err != nil || consumer {
		return // Upgrade has answered
	}
	defer ws.Close()
	for {
		_, text, err := ws.ReadMessage()
		if err != nil {
			return
		}
		r.mu.Lock()
		c := r.consumers[topic]
		r.mu.Unlock()
		if c == nil {
			continue
		}
		c.mu.Lock()
		err = c.ws.WriteMessage(websocket.TextMessage, text)
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// upgrade holds r.mu over the handshake, so that a consumer is there once its
// peer has the answer.
func (r *BareRelay) upgrade(w http.ResponseWriter, req *http.Request, consumer bool, topic string) (*websocket.Conn, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ws, err := r.upgrader.Upgrade(w, req, nil)
	if err == nil && consumer {
		r.consumers[topic] = &relayConsumer{ws: ws}
	}
	return ws, err
}
