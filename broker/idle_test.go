package broker_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/broker"
	"github.com/dasf-go/dasf/internal/pipenet"
)

// inMemory serves a broker on a network in memory, for tests in a bubble, and
// returns a dialler for it.
func inMemory(t *testing.T, c broker.Config) (*broker.Broker, *websocket.Dialer) {
	t.Helper()
	network := new(pipenet.Network)
	l, err := network.Listen("broker:80")
	if err != nil {
		t.Fatal(err)
	}
	b := newBroker(t, c)
	server := &http.Server{Handler: b}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Close()
		<-served
	})
	return b, &websocket.Dialer{NetDialContext: func(ctx context.Context, n, address string) (net.Conn, error) {
		return network.Dial(ctx, n, address)
	}}
}

func TestQuietPeersArePinged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, dialer := inMemory(t, broker.Config{PingInterval: 25 * time.Second, PongTimeout: 10 * time.Second})
		ws, _, err := dialer.Dial("ws://broker:80/ws/t/s", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer ws.Close()
		var pings []time.Duration
		start := time.Now()
		answer := ws.PingHandler()
		ws.SetPingHandler(func(text string) error {
			pings = append(pings, time.Since(start))
			return answer(text)
		})
		ended := make(chan error, 1)
		go func() {
			_, _, err := ws.ReadMessage()
			ended <- err
		}()
		time.Sleep(20 * time.Second)
		// What the peer says is as good as an answer to a ping.
		if err := ws.WriteMessage(websocket.TextMessage, []byte(`{"messageId":""}`)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(80 * time.Second)
		synctest.Wait()
		if len(pings) != 3 || pings[0] != 45*time.Second || pings[1] != 70*time.Second || pings[2] != 95*time.Second {
			t.Errorf("pings after %v, want after 45s, 70s, 95s", pings)
		}
		if n := b.Stats().Sockets; n != 1 {
			t.Errorf("%d sockets, want 1", n)
		}
		ws.Close()
		<-ended
	})
}

func TestDeadPeersAreNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, dialer := inMemory(t, broker.Config{PingInterval: 25 * time.Second, PongTimeout: 10 * time.Second})
		// Nobody reads from this one, so that it answers no ping.
		dead, _, err := dialer.Dial("ws://broker:80/ws/v2/consumer/persistent/public/default/t/s?subscriptionType=Shared", nil)
		if err != nil {
			t.Fatal(err)
		}
		out, _, err := dialer.Dial("ws://broker:80/ws/t", nil)
		if err != nil {
			t.Fatal(err)
		}
		write(t, out, `{"payload":"MQ=="}`)
		if f := read(t, out); f.Result != "ok" {
			t.Fatalf("answer %+v", f)
		}
		out.Close()
		synctest.Wait()
		time.Sleep(34 * time.Second)
		synctest.Wait()
		if n := b.Stats().Sockets; n != 1 {
			t.Fatalf("%d sockets before the time is over, want 1", n)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n := b.Stats().Sockets; n != 0 {
			t.Fatalf("%d sockets after it is over, want none", n)
		}
		fresh, _, err := dialer.Dial("ws://broker:80/ws/v2/consumer/persistent/public/default/t/s?subscriptionType=Shared", nil)
		if err != nil {
			t.Fatal(err)
		}
		if f := read(t, fresh); f.Payload != "MQ==" || f.RedeliveryCount != 1 {
			t.Errorf("the next consumer received %+v, want the message again", f)
		}
		fresh.Close()
		dead.Close()
	})
}

// A peer that takes nothing, though it is alive, is cut off after WriteTimeout.
func TestAPeerThatTakesNothingIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, dialer := inMemory(t, broker.Config{WriteTimeout: 5 * time.Second})
		slow, _, err := dialer.Dial("ws://broker:80/ws/t/s", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer slow.Close()
		out, _, err := dialer.Dial("ws://broker:80/ws/t", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer out.Close()
		write(t, out, `{"payload":"%s"}`, strings.Repeat("A", 200_000)) // the network holds 64 KiB
		read(t, out)
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if n := b.Stats().Sockets; n != 2 {
			t.Fatalf("%d sockets before the time is over, want 2", n)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		st := b.Stats()
		if st.Sockets != 1 {
			t.Errorf("%d sockets after it is over, want 1", st.Sockets)
		}
		if len(st.Topics) != 1 || st.Topics[0].Kept != 1 {
			t.Errorf("topics %+v, want the message kept", st.Topics)
		}
	})
}

// A peer that does not answer the close frame is not waited for.
func TestShutdownDoesNotWaitForSilentPeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, dialer := inMemory(t, broker.Config{})
		ws, _, err := dialer.Dial("ws://broker:80/ws/t/s", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer ws.Close()
		synctest.Wait() // the broker, too, is through with the handshake
		start := time.Now()
		if err := b.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if d := time.Since(start); d != time.Second {
			t.Errorf("Shutdown took %v, want the second that a peer has to answer", d)
		}
	})
}
