package transport_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/dasf-go/dasf/transport"
)

// FuzzFrames gives whatever a broker may send to a consumer and to a producer.
func FuzzFrames(f *testing.F) {
	for _, text := range []string{
		`{"properties": {"requestContext": 0, "messageType": "request"}, "payload": "eyJh", "context": 0, "messageId": "14f94b53", "publishTime": "2026-11-24T15:16:22.139567+00:00"}`,
		`{"messageId":"CAAQADAA","payload":"eA==","properties":{"a":"b"},"publishTime":"2026-11-24T15:25:48.967Z","redeliveryCount":0,"key":"K1"}`,
		`{"messageId":"m","context":1,"result":"ok"}`, `{"result":"send-error:3"}`, `{"result":"ok","context":"2"}`, `{"result":"ok","context":"3","from":"2","settled":true}`, `{"endOfTopic":false}`,
		`{"messageId":"x","properties":{"a":{}}}`, `null`, `[]`, `{"a`, "",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := transport.MessageOf(text)
		if (m == nil) != (err != nil) {
			t.Fatalf("message %v, error %v", m, err)
		}
		if err == nil && !json.Valid(text) {
			t.Fatalf("%q was read, and is no JSON", text)
		}
		if m != nil {
			m.Decode() // must not panic
		}
		answered, refused := transport.AnswerTo(text, 3)
		var answer map[string]json.RawMessage
		if answered > 1 && (json.Unmarshal(text, &answer) != nil || answer["from"] == nil || refused != nil) {
			t.Errorf("%q answered %d messages", text, answered)
		}
		if answered == 1 && json.Unmarshal(text, &answer) == nil && string(answer["result"]) != `"ok"` && string(answer["result"])[0] == '"' {
			var result string
			if json.Unmarshal(answer["result"], &result) == nil && result == "ok" {
				return
			}
			if _, ok := errors.AsType[*transport.SendError](refused); !ok {
				t.Errorf("%q: error %v, want a SendError", text, refused)
			}
		}
	})
}
