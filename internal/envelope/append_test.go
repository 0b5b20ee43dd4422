package envelope_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/internal/envelope"
	"github.com/dasf-go/dasf/internal/jsonscan"
)

func scanned(t *testing.T, text string) *envelope.Frame {
	t.Helper()
	f := &envelope.Frame{KeepUnknown: true}
	if err := envelope.Scan([]byte(text), f); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAppendMessage(t *testing.T) {
	cases := []struct {
		name         string
		properties   map[string]string
		key, context string
		payload      string
		want         string
	}{
		{"nothing", nil, "", "1", "", `{"context":"1","properties":{},"payload":""}`},
		{"a request", map[string]string{"response_topic": "t", "requestContext": "0", "messageType": "request"}, "", "12", "eA==",
			`{"context":"12","properties":{"messageType":"request","requestContext":"0","response_topic":"t"},"payload":"eA=="}`},
		{"a key and escapes", map[string]string{"a\"b": "c\\d\n\x00"}, "k\t", "é", "eA==",
			`{"context":"\u00e9","key":"k\t","properties":{"a\"b":"c\\d\n\u0000"},"payload":"eA=="}`},
		{"beyond ASCII, as json.dumps writes it", map[string]string{"日本": "😀 \u2028"}, "", "1", "",
			`{"context":"1","properties":{"\u65e5\u672c":"\ud83d\ude00 \u2028"},"payload":""}`},
		{"no UTF-8", map[string]string{"a": "\xff\xc3(", "b": "\xed\xa0\x80"}, "", "1", "",
			`{"context":"1","properties":{"a":"\ufffd\ufffd(","b":"\ufffd\ufffd\ufffd"},"payload":""}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := string(envelope.AppendMessage([]byte("before "), c.properties, c.key, c.context, []byte(c.payload)))
			if want := "before " + c.want; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestAppendLateHead(t *testing.T) {
	properties := map[string]string{"a": "b"}
	for settles, want := range map[string]string{
		"":          `{"context":"1","dasfLate":true,"key":"k","properties":{"a":"b"},"payload":""}`,
		`token.i"d`: `{"context":"1","dasfLate":true,"dasfSettles":"token.i\"d","key":"k","properties":{"a":"b"},"payload":""}`,
	} {
		if got := string(envelope.AppendLateHead(nil, properties, "k", "1", settles)) + envelope.Tail; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestOneAckNamesSeveralMessages(t *testing.T) {
	text := envelope.AppendFirstAck(nil, `i"0`)
	text = envelope.AppendNextAck(text, "i1")
	text = append(text, envelope.AcksTail...)
	if want := `{"type":"acknowledge","messageIds":["i\"0","i1"]}`; string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	cases := []struct {
		text, ids string
		whole     bool
	}{
		{string(scanned(t, string(text)).MessageIDs), `i"0 i1`, true},
		{`[]`, "", true},
		{` [ "a" , "b" ] `, "a b", true},
		{`["a",1,"b"]`, "a", false},
		{`["a",["b"]]`, "a", false},
		{`[null]`, "", false},
		{``, "", false},
	}
	for _, c := range cases {
		var ids []string
		whole := envelope.VisitMessageIDs([]byte(c.text), func(id []byte) { ids = append(ids, string(id)) })
		if got := strings.Join(ids, " "); got != c.ids || whole != c.whole {
			t.Errorf("%s: %q, %v, want %q, %v", c.text, got, whole, c.ids, c.whole)
		}
	}
	for _, text := range []string{`{"messageIds":"a"}`, `{"messageIds":{}}`, `{"messageIds":null}`} {
		if f := scanned(t, text); f.MessageIDs != nil {
			t.Errorf("%s: %s", text, f.MessageIDs)
		}
	}
}

func TestReference(t *testing.T) {
	token, id, ok := envelope.CutReference([]byte(envelope.Reference("token", "a.b")))
	if string(token) != "token" || string(id) != "a.b" || !ok {
		t.Errorf("got %q, %q, %v", token, id, ok)
	}
	if _, _, ok := envelope.CutReference([]byte("token")); ok {
		t.Error("a text without a dot is a reference")
	}
}

func TestAppendDelivery(t *testing.T) {
	d := envelope.Delivery{MessageID: "CBQQADAA", PublishTime: time.Date(2026, 11, 24, 16, 16, 22, 30_999_999, time.FixedZone("", 3600)), RedeliveryCount: 2}
	const added = `{"messageId":"CBQQADAA","publishTime":"2026-11-24T15:16:22.030Z","redeliveryCount":2`
	cases := []struct{ name, text, plain, pulsar string }{
		{"a request of a Python client",
			`{"properties": {"response_topic": "t_aroEhfGH", "requestContext": 0, "messageType": "request"}, "payload": "eyJh", "context": 0}`,
			`,"properties":{"response_topic": "t_aroEhfGH", "requestContext": 0, "messageType": "request"},"context":0,"payload":"eyJh"}`,
			`,"properties":{"response_topic":"t_aroEhfGH","requestContext":"0","messageType":"request"},"payload":"eyJh"}`},
		{"unknown members, an id and a time of the sender's own",
			`{"messageId":"mine","publishTime":"never","redeliveryCount":9,"foo": [1, "é"],"payload":"","result":"ok","key":"K\"1"}`,
			`,"key":"K\"1","properties":{},"foo":[1, "é"],"result":"ok","payload":""}`,
			`,"key":"K\"1","properties":{},"payload":""}`},
		{"no payload", `{"context":null}`, `,"properties":{}}`, `,"properties":{},"payload":""}`},
		{"payload null", `{"payload":null}`, `,"properties":{}}`, `,"properties":{},"payload":""}`},
		{"values of all kinds", `{"properties":{"i":42,"big":12345678901234567890,"f":1.50,"t":true,"n":null,"s":"é\n"},"payload":""}`,
			`,"properties":{"i":42,"big":12345678901234567890,"f":1.50,"t":true,"n":null,"s":"é\n"},"payload":""}`,
			`,"properties":{"i":"42","big":"12345678901234567890","f":"1.50","t":"true","s":"\u00e9\n"},"payload":""}`},
		{"a payload that needs escapes", `{"payload":"a\"b\\é\n"}`,
			`,"properties":{},"payload":"a\"b\\\u00e9\n"}`, `,"properties":{},"payload":"a\"b\\\u00e9\n"}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := scanned(t, c.text)
			for form, want := range map[envelope.Form]string{envelope.Plain: added + c.plain, envelope.Pulsar: added + c.pulsar} {
				d.Form = form
				got := envelope.AppendDelivery(nil, f, &d)
				if string(got) != want {
					t.Errorf("form %d:\ngot  %s\nwant %s", form, got, want)
				}
				if !json.Valid(got) {
					t.Errorf("form %d is no JSON: %s", form, got)
				}
				if f.HasPayload && jsonscan.IsPlain(f.Payload) {
					parts := envelope.AppendDeliveryHead(nil, f, &d)
					parts = append(append(parts, f.Payload...), envelope.Tail...)
					if !bytes.Equal(parts, got) {
						t.Errorf("form %d in parts: %s", form, parts)
					}
				}
			}
		})
	}
}

func TestAppendAnswer(t *testing.T) {
	cases := []struct {
		name   string
		answer envelope.Answer
		form   envelope.Form
		want   string
	}{
		{"Django, context an integer", envelope.Answer{Result: "ok", MessageID: "m", Context: []byte("0")}, envelope.Plain, `{"result":"ok","messageId":"m","context":0}`},
		{"Django, context a string", envelope.Answer{Result: "ok", MessageID: "m", Context: []byte(`"0"`)}, envelope.Plain, `{"result":"ok","messageId":"m","context":"0"}`},
		{"Pulsar, context an integer", envelope.Answer{Result: "ok", MessageID: "m", Context: []byte("7")}, envelope.Pulsar,
			`{"result":"ok","messageId":"m","context":"7","errorCode":0,"schemaVersion":0}`},
		{"Pulsar, no context", envelope.Answer{Result: "send-error:3", ErrorMsg: "bad \"x\"\n"}, envelope.Pulsar,
			`{"result":"send-error:3","errorMsg":"bad \"x\"\n","errorCode":0,"schemaVersion":0}`},
		{"Pulsar, context a string with escapes", envelope.Answer{Result: "ok", Context: []byte(`"é\n"`)}, envelope.Pulsar,
			`{"result":"ok","context":"é\n","errorCode":0,"schemaVersion":0}`},
		{"to several messages", envelope.Answer{Result: "ok", Context: []byte(`"7"`), From: []byte(`"3"`), Settled: true}, envelope.Plain,
			`{"result":"ok","context":"7","from":"3","settled":true}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := string(envelope.AppendAnswer(nil, &c.answer, c.form)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestAppendAckAndNack(t *testing.T) {
	if got := string(envelope.AppendAck(nil, `CAAQ"`)); got != `{"messageId":"CAAQ\""}` {
		t.Errorf("AppendAck: %s", got)
	}
	if got := string(envelope.AppendReturn(nil, "CAAQ")); got != `{"type":"return","messageId":"CAAQ"}` {
		t.Errorf("AppendReturn: %s", got)
	}
	if got := string(envelope.AppendWindow(nil, 20)); got != `{"type":"window","permitMessages":20}` {
		t.Errorf("AppendWindow: %s", got)
	}
	if got := string(envelope.AppendNack(nil, "CAAQ")); got != `{"type":"negativeAcknowledge","messageId":"CAAQ"}` {
		t.Errorf("AppendNack: %s", got)
	}
}

func TestContextText(t *testing.T) {
	for text, want := range map[string]string{`{"context":0}`: "0", `{"context":"0"}`: "0", `{"context":"\u00e9"}`: "é", `{}`: "", `{"context":{"a":1}}`: `{"a":1}`} {
		if got := string(scanned(t, text).ContextText()); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestProperties(t *testing.T) {
	const text = `{"s": "a\"b", "i":42, "f" : -1.5e3,"t":true,"n":null,"":"", "\u00fc":"\ud83d\ude00", "d":1, "d":"2", "gone":1,"gone":null}`
	want := map[string]string{"s": `a"b`, "i": "42", "f": "-1.5e3", "t": "true", "": "", "ü": "😀", "d": "2"}
	got, err := envelope.PropertyMap([]byte(text))
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("PropertyMap: %v, -want +got:\n%s", err, d)
	}
	for name := range want {
		if got := string(envelope.Property([]byte(text), name)); got != want[name] {
			t.Errorf("Property(%q) is %q, want %q", name, got, want[name])
		}
	}
	for _, name := range []string{"gone", "n", "absent"} {
		if got := envelope.Property([]byte(text), name); got != nil {
			t.Errorf("Property(%q) is %q, want nil", name, got)
		}
	}
	kinds := make(map[string]envelope.Kind)
	err = envelope.VisitProperties([]byte(`{"s":"","i":1,"t":false,"n":null,"o":{"a":1},"a":[1]}`), func(key, _ []byte, kind envelope.Kind) error {
		kinds[string(key)] = kind
		return nil
	})
	wantKinds := map[string]envelope.Kind{"s": envelope.String, "i": envelope.Number, "t": envelope.Bool, "n": envelope.Null, "o": envelope.Object, "a": envelope.Array}
	if d := cmp.Diff(wantKinds, kinds); d != "" || err != nil {
		t.Errorf("VisitProperties: %v, -want +got:\n%s", err, d)
	}
}

func TestPropertiesThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":{"b":1}}`: `property "a" is an object, it must be a string, number or boolean`,
		`{"a":[]}`:      `property "a" is an array, it must be a string, number or boolean`,
		`[]`:            "properties are no JSON object",
		`{"a":1`:        "properties are no JSON object",
		`{"a"}`:         "properties are no JSON object",
		`{1:2}`:         "properties are no JSON object",
	} {
		if got, err := envelope.PropertyMap([]byte(text)); err == nil || err.Error() != want || got != nil {
			t.Errorf("%s: %v, %v, want the error %q", text, got, err, want)
		}
	}
	for _, none := range [][]byte{nil, []byte(`{}`), []byte(` { } `)} {
		if got, err := envelope.PropertyMap(none); len(got) != 0 || got == nil || err != nil {
			t.Errorf("%q: %v, %v, want an empty map", none, got, err)
		}
	}
}

func FuzzAppendMessage(f *testing.F) {
	f.Add("response_topic", "hello", "K", "1", []byte("eA=="))
	f.Add("ü\"\\\n\x00", "😀\xff\xed\xa0\x80\x7f", "", "", []byte("é"))
	f.Fuzz(func(t *testing.T, name, value, key, context string, payload []byte) {
		if !jsonscan.IsPlain(payload) {
			return
		}
		text := envelope.AppendMessage(nil, map[string]string{name: value}, key, context, payload)
		late := append(envelope.AppendLateHead(nil, map[string]string{name: value}, key, context, value), payload...)
		var said envelope.Frame
		if !said.ScanPlain(append(late, envelope.Tail...)) || !said.Late || value != "" && string(said.Settles) != valid(value) {
			t.Errorf("%s says late %v, settles %q", late, said.Late, said.Settles)
		}
		for _, c := range text {
			if c >= utf8.RuneSelf || c < 0x20 {
				t.Fatalf("%q has a byte %#x", text, c)
			}
		}
		frame := envelope.Frame{KeepUnknown: true}
		if !frame.ScanPlain(text) {
			t.Fatalf("the scanner gave up on our own text %s", text)
		}
		properties, err := envelope.PropertyMap(frame.Properties)
		want := map[string]string{valid(name): valid(value)}
		if err != nil || !maps.Equal(properties, want) {
			t.Errorf("properties are %q (%v), want %q", properties, err, want)
		}
		if string(frame.Key) != valid(key) || string(frame.ContextText()) != valid(context) || !bytes.Equal(frame.Payload, payload) {
			t.Errorf("key %q, context %q, payload %q came back from %s", frame.Key, frame.ContextText(), frame.Payload, text)
		}
	})
}

// valid replaces what is no UTF-8, byte for byte.
func valid(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteRune(r)
	}
	return b.String()
}

func TestSummaryIsWhatPropertiesSay(t *testing.T) {
	cases := []struct {
		text, messageType, responseTopic, refused string
		verbatim                                  bool
	}{
		{text: `{"messageType":"request","response_topic":"t_x"}`, messageType: "request", responseTopic: "t_x", verbatim: true},
		{text: `{"messageType": "request"}`, messageType: "request"},
		{text: `{"messageType":"request" }`, messageType: "request"},
		{text: `{"messageType":"a\u0062"}`, messageType: "ab"},
		{text: `{"message\u0054ype":"a"}`, messageType: "a"},
		{text: `{"messageType":"é"}`, messageType: "é"},
		{text: `{"messageType":7}`, messageType: "7"},
		{text: `{"messageType":"a","messageType":null}`, refused: `property "messageType" must not be null`},
		{text: `{"b":[1],"a":{},"messageType":"a"}`, messageType: "a", refused: `property "b" must be a string`},
		{text: `{}`, verbatim: true},
		{text: ``},
	}
	for _, c := range cases {
		s := envelope.Summarize([]byte(c.text))
		if string(s.MessageType) != c.messageType || string(s.ResponseTopic) != c.responseTopic || s.Verbatim != c.verbatim {
			t.Errorf("%s: %+v", c.text, s)
		}
		if s.Refused == nil && c.refused != "" || s.Refused != nil && s.Refused.Error() != c.refused {
			t.Errorf("%s: refused %v, want %s", c.text, s.Refused, c.refused)
		}
	}
}

func TestTimesAreWrittenAsTheStandardLibraryWritesThem(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		at := time.Unix(r.Int64N(1<<36)-1<<35, r.Int64N(1e9)).In(time.FixedZone("", 7200))
		want := at.UTC().Format("2006-01-02T15:04:05.000Z")
		if got := string(envelope.AppendTime(nil, at)); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	}
	for _, year := range []int{-12, 0, 1, 9999, 10_000} {
		at := time.Date(year, 1, 2, 3, 4, 5, 6_999_999, time.UTC)
		if got, want := string(envelope.AppendTime(nil, at)), at.Format("2006-01-02T15:04:05.000Z"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// FuzzAppendDelivery delivers whatever can be scanned: the text must be JSON
// and say the same.
func FuzzAppendDelivery(f *testing.F) {
	for _, c := range scanCases {
		if len(c.text) < 500 {
			f.Add([]byte(c.text), "id", uint16(0))
		}
	}
	f.Add([]byte(`{"properties":{"a":1,"b":null,"a":"\n"},"foo":{"x":[1]},"payload":"a\"b"}`), "\"\xff", uint16(7))
	f.Fuzz(func(t *testing.T, text []byte, id string, count uint16) {
		in := envelope.Frame{KeepUnknown: true}
		if envelope.Scan(text, &in) != nil {
			return
		}
		want, err := envelope.PropertyMap(in.Properties)
		for _, form := range []envelope.Form{envelope.Plain, envelope.Pulsar} {
			if form == envelope.Pulsar && err != nil {
				continue // a broker of Pulsar's form refuses such a message
			}
			d := envelope.Delivery{MessageID: id, RedeliveryCount: int(count), Form: form}
			delivered := envelope.AppendDelivery(nil, &in, &d)
			d.Verbatim = envelope.Summarize(in.Properties).Verbatim
			if verbatim := envelope.AppendDelivery(nil, &in, &d); !bytes.Equal(verbatim, delivered) {
				t.Errorf("delivered as they came the properties are %s, not %s", verbatim, delivered)
			}
			var whole map[string]json.RawMessage
			if err := json.Unmarshal(delivered, &whole); err != nil {
				t.Fatalf("delivery of %s is no JSON: %v: %s", text, err, delivered)
			}
			out := envelope.Frame{KeepUnknown: true}
			if err := envelope.Scan(delivered, &out); err != nil {
				t.Fatalf("delivery of %s: %v: %s", text, err, delivered)
			}
			got, gotErr := envelope.PropertyMap(out.Properties)
			if d := cmp.Diff(want, got); d != "" || (err == nil) != (gotErr == nil) {
				t.Errorf("properties of %s: %v, %v, -want +got:\n%s", delivered, err, gotErr, d)
			}
			if string(out.MessageID) != valid(id) || out.RedeliveryCount != int(count) {
				t.Errorf("id %q, count %d in %s", out.MessageID, out.RedeliveryCount, delivered)
			}
			if !bytes.Equal(in.Payload, out.Payload) || !bytes.Equal(in.Key, out.Key) || (in.Key == nil) != (out.Key == nil) {
				t.Errorf("payload %q, key %q in %s", out.Payload, out.Key, delivered)
			}
			if form == envelope.Plain && (!bytes.Equal(in.Context, out.Context) || in.HasPayload != out.HasPayload || !bytes.Equal(in.Unknown, out.Unknown)) {
				t.Errorf("context %q, unknown %q in %s", out.Context, out.Unknown, delivered)
			}
			if form == envelope.Pulsar && (out.Context != nil || len(out.Unknown) > 0) {
				t.Errorf("Pulsar delivers neither context nor unknown members: %s", delivered)
			}
		}
	})
}
