package broker

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dasf-go/dasf/internal/envelope"
)

// The topic of a client goes soon after it, but not with answers in it, for
// which the client may yet come back.
func TestTopicsForAnswersGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Config{Authenticator: anybody{}})
		u := &User{Name: "client", CreateTopics: true}
		if err := e.permitMessage(u, "t", "empty"); err != nil {
			t.Fatal(err)
		}
		if err := e.permitMessage(u, "t", "full"); err != nil {
			t.Fatal(err)
		}
		full := e.topic("full")
		text := []byte(`{"properties":{"messageType":"response"},"payload":""}`)
		var f envelope.Frame
		if err := envelope.Scan(text, &f); err != nil {
			t.Fatal(err)
		}
		m := newMessage(text, &f, envelope.Summarize(f.Properties), time.Now())
		full.storing(m, plain)
		if _, err := full.publish(m, nil); err != nil {
			t.Fatal(err)
		}
		e.release(full)
		has := func(name string) bool { _, err := e.TopicSettings(name); return err == nil }
		time.Sleep(11 * time.Minute)
		synctest.Wait()
		if has("empty") || !has("full") || !has("t") {
			t.Errorf("after 11 minutes: empty %v, full %v, t %v, want false, true, true", has("empty"), has("full"), has("t"))
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if has("full") {
			t.Error("the topic outlives its answers")
		}
		e.Close()
	})
}

// anybody is an Authenticator that knows nobody.
type anybody struct{}

func (anybody) Authenticate(*http.Request, string) (User, error) { return User{}, nil }
