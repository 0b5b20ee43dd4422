package broker_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/dasf-go/dasf/broker"
	"github.com/dasf-go/dasf/transport"
)

// A broker is mounted beside the routes that a server has already.
func ExampleBroker() {
	b, err := broker.New(broker.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()
	mux := http.NewServeMux()
	mux.Handle("/ws/", b)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "my own page") })
	server := httptest.NewServer(mux)
	defer server.Close()

	ctx := context.Background()
	peer := transport.WebSocket("ws"+strings.TrimPrefix(server.URL, "http")+"/ws/", transport.Options{})
	producer, err := peer.Produce(ctx, "greetings")
	if err != nil {
		log.Fatal(err)
	}
	defer producer.Close()
	var hello transport.Message
	hello.SetBytes([]byte("hello"))
	if err := producer.Send(ctx, &hello); err != nil {
		log.Fatal(err)
	}

	consumer, err := peer.Consume(ctx, "greetings", transport.ConsumeOptions{Subscription: "later"})
	if err != nil {
		log.Fatal(err)
	}
	defer consumer.Close()
	message, err := consumer.Receive(ctx)
	if err != nil {
		log.Fatal(err)
	}
	text, err := message.Decode()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))
	// Output: hello
}

// A server that knows its users lets the broker know them, too. Everything of
// the broker lies below /dasf/, next to the server's own routes.
func ExampleAuthenticator() {
	b, err := broker.New(broker.Config{Authenticator: sessions{}})
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()
	rights := broker.Rights{Producers: []string{"alice"}, Consumers: []string{"backend"}}
	if err := b.CreateTopic("hello", broker.TopicSettings{Rights: rights}); err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/dasf/", http.StripPrefix("/dasf", b))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "my own page") })
	server := httptest.NewServer(mux)
	defer server.Close()

	ctx := context.Background()
	base := "ws" + strings.TrimPrefix(server.URL, "http") + "/dasf/ws/"
	for _, user := range []string{"alice", "bob"} {
		header := http.Header{"Cookie": {"session=" + user}}
		peer := transport.WebSocket(base, transport.Options{Header: header, FailFast: true})
		producer, err := peer.Produce(ctx, "hello")
		if err == nil {
			err = producer.Send(ctx, &transport.Message{})
			producer.Close()
		}
		fmt.Printf("%s: %t\n", user, err == nil)
	}
	// Output:
	// alice: true
	// bob: false
}

// sessions knows users by a cookie. A real one would look it up.
type sessions struct{}

func (sessions) Authenticate(r *http.Request, _ string) (broker.User, error) {
	cookie, err := r.Cookie("session")
	if err != nil {
		return broker.User{}, nil // nobody, who may still have rights
	}
	return broker.User{Name: cookie.Value}, nil
}
