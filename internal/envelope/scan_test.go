package envelope_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/internal/envelope"
)

// parts is a Frame in a form that reads well in a table; "-" is absent.
type parts struct {
	ID, Time, Key, Result, ErrorMsg, Type, Context, Properties, Payload, Unknown string
	Settles, From                                                                string
	HasPayload, EndOfTopic, Late, Settled                                        bool
	Redelivered, Permits                                                         int
}

func partsOf(f *envelope.Frame) parts {
	text := func(p []byte) string {
		if p == nil {
			return "-"
		}
		return string(p)
	}
	return parts{
		ID: text(f.MessageID), Time: text(f.PublishTime), Key: text(f.Key), Result: text(f.Result),
		ErrorMsg: text(f.ErrorMsg), Type: text(f.Type), Context: text(f.Context), Properties: text(f.Properties),
		Payload: text(f.Payload), Unknown: string(f.Unknown), HasPayload: f.HasPayload, EndOfTopic: f.EndOfTopic,
		Redelivered: f.RedeliveryCount, Permits: f.PermitMessages,
		Settles: text(f.Settles), From: text(f.From), Late: f.Late, Settled: f.Settled,
	}
}

// nothing is what an empty object gives.
func nothing(change func(*parts)) parts {
	p := parts{ID: "-", Time: "-", Key: "-", Result: "-", ErrorMsg: "-", Type: "-", Context: "-", Properties: "-", Payload: "-",
		Settles: "-", From: "-"}
	if change != nil {
		change(&p)
	}
	return p
}

var scanCases = []struct {
	name string
	text string
	want parts
}{
	{"a request as the Python client writes it",
		`{"properties": {"response_topic": "hello_aroEhfGH", "requestContext": 0, "messageType": "request"}, "payload": "eyJh", "context": 0}`,
		nothing(func(p *parts) {
			p.Properties = `{"response_topic": "hello_aroEhfGH", "requestContext": 0, "messageType": "request"}`
			p.Payload, p.HasPayload, p.Context = "eyJh", true, "0"
		})},
	{"a message as Pulsar delivers it",
		`{"messageId":"CAAQADAA","payload":"eA==","properties":{"a":"b"},"publishTime":"2026-11-24T15:25:48.967Z","redeliveryCount":2,"eventTime":"2026-11-24T15:00:00Z","key":"K1"}`,
		nothing(func(p *parts) {
			p.ID, p.Payload, p.HasPayload, p.Properties, p.Key = "CAAQADAA", "eA==", true, `{"a":"b"}`, "K1"
			p.Time, p.Redelivered, p.Unknown = "2026-11-24T15:25:48.967Z", 2, `,"eventTime":"2026-11-24T15:00:00Z"`
		})},
	{"the Django broker's answer to a producer",
		`{"messageId": "14f94b53-870a-46d7-9f65-6a3a1aa2f45f", "context": 0, "result": "ok"}`,
		nothing(func(p *parts) {
			p.ID, p.Context, p.Result, p.Unknown = "14f94b53-870a-46d7-9f65-6a3a1aa2f45f", "0", "ok", `,"result":"ok"`
		})},
	{"Pulsar's answer to a producer, refused",
		`{"result":"send-error:7","errorMsg":"Invalid Base64 message-payload error=Illegal base64 character 20","context":"d4","errorCode":0,"schemaVersion":0}`,
		nothing(func(p *parts) {
			p.Result, p.ErrorMsg, p.Context = "send-error:7", "Invalid Base64 message-payload error=Illegal base64 character 20", `"d4"`
			p.Unknown = `,"result":"send-error:7","errorMsg":"Invalid Base64 message-payload error=Illegal base64 character 20","errorCode":0,"schemaVersion":0`
		})},
	{"a permit", `{"type":"permit","permitMessages":3}`,
		nothing(func(p *parts) { p.Type, p.Permits, p.Unknown = "permit", 3, `,"type":"permit","permitMessages":3` })},
	{"a permit whose number is a string", `{"type":"permit","permitMessages":"2"}`,
		nothing(func(p *parts) { p.Type, p.Permits, p.Unknown = "permit", 2, `,"type":"permit","permitMessages":"2"` })},
	{"end of topic", `{"endOfTopic":true}`,
		nothing(func(p *parts) { p.EndOfTopic, p.Unknown = true, `,"endOfTopic":true` })},
	{"a late message, whose members stay with the broker", `{"context":"1","dasfLate":true,"dasfSettles":"token.id","properties":{},"payload":""}`,
		nothing(func(p *parts) {
			p.Context, p.Late, p.Settles, p.Properties, p.HasPayload, p.Payload = `"1"`, true, "token.id", "{}", true, ""
		})},
	{"the answer to several messages", `{"result":"ok","context":"7","from":"3","settled":true}`,
		nothing(func(p *parts) {
			p.Result, p.Context, p.From, p.Settled = "ok", `"7"`, "3", true
			p.Unknown = `,"result":"ok","from":"3","settled":true`
		})},
	{"empty object", `{}`, nothing(nil)},
	{"white space everywhere", " {\t\"payload\" :\r\n\"\" , \"context\" : null } ",
		nothing(func(p *parts) { p.Payload, p.HasPayload = "", true })},
	{"nulls are absent", `{"messageId":null,"properties":null,"payload":null,"context":null,"key":null,"redeliveryCount":null}`, nothing(nil)},
	{"an empty key is a key", `{"key":""}`, nothing(func(p *parts) { p.Key = "" })},
	{"numbers and booleans count as their text, as in Pulsar", `{"messageId":12,"key":5,"payload":1234,"type":true}`,
		nothing(func(p *parts) {
			p.ID, p.Key, p.Payload, p.HasPayload, p.Type, p.Unknown = "12", "5", "1234", true, "true", `,"type":true`
		})},
	{"the last of two values counts, as in Pulsar", `{"payload":"eA==","context":"a","context":"b","payload":"eQ==","properties":{"a":1},"properties":{"b":2}}`,
		nothing(func(p *parts) {
			p.Payload, p.HasPayload, p.Context, p.Properties = "eQ==", true, `"b"`, `{"b":2}`
		})},
	{"a null after a value counts too", `{"payload":"eA==","payload":null,"properties":{"a":1},"properties":null,"key":"k","key":null}`, nothing(nil)},
	{"names have a case", `{"Payload":"eA==","MESSAGEID":"x"}`, nothing(func(p *parts) { p.Unknown = `,"Payload":"eA==","MESSAGEID":"x"` })},
	{"escapes in a name", `{"p\u0061yload":"eA==","key":"k"}`,
		nothing(func(p *parts) { p.Payload, p.HasPayload, p.Key = "eA==", true, "k" })},
	{"escapes in values", `{"messageId":"a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00","key":"\ud800x"}`,
		nothing(func(p *parts) { p.ID, p.Key = "a\"\\/\b\f\n\r\té😀", "\ufffdx" })},
	{"a payload with an escaped slash, as PHP writes it", `{"payload":"ab\/+"}`,
		nothing(func(p *parts) { p.Payload, p.HasPayload = "ab/+", true })},
	{"unknown members stay as they came", `{"foo": [1, {"a":"\u00e9"}],"bar":{"x":null}}`,
		nothing(func(p *parts) { p.Unknown = `,"foo":[1, {"a":"\u00e9"}],"bar":{"x":null}` })},
	{"context may be anything", `{"context":{"a":[1]}}`, nothing(func(p *parts) { p.Context = `{"a":[1]}` })},
	{"numbers of all forms", `{"context":-0.5e+10,"a":0,"b":-0,"c":1E5,"d":12345678901234567890}`,
		nothing(func(p *parts) { p.Context, p.Unknown = "-0.5e+10", `,"a":0,"b":-0,"c":1E5,"d":12345678901234567890` })},
	{"text beyond ASCII", `{"messageId":"日本","properties":{"ü":"😀"}}`,
		nothing(func(p *parts) { p.ID, p.Properties = "日本", `{"ü":"😀"}` })},
	{"nesting beyond what the scanner follows", `{"foo":` + strings.Repeat("[", 900) + strings.Repeat("]", 900) + `,"key":"k"}`,
		nothing(func(p *parts) {
			p.Key, p.Unknown = "k", `,"foo":`+strings.Repeat("[", 900)+strings.Repeat("]", 900)
		})},
}

func TestScan(t *testing.T) {
	for _, c := range scanCases {
		t.Run(c.name, func(t *testing.T) {
			f := envelope.Frame{KeepUnknown: true}
			if err := envelope.Scan([]byte(c.text), &f); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, partsOf(&f)); d != "" {
				t.Errorf("Scan(%s), -want +got:\n%s", c.text, d)
			}
			if err := f.Decode([]byte(c.text)); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, partsOf(&f)); d != "" {
				t.Errorf("the full decoder on %s, -want +got:\n%s", c.text, d)
			}
		})
	}
}

func TestScanRefuses(t *testing.T) {
	cases := []struct{ name, text, want string }{
		{"empty text", ``, "envelope is no JSON: unexpected EOF"},
		{"white space", `  `, "envelope is no JSON: unexpected EOF"},
		{"no JSON", `hello`, "envelope is no JSON: invalid character 'h' looking for beginning of value"},
		{"an array", ` []`, "envelope is an array, it must be an object"},
		{"a string", `"abc"`, "envelope is a string, it must be an object"},
		{"null", `null`, "envelope is null, it must be an object"},
		{"a number", `5`, "envelope is a number, it must be an object"},
		{"a boolean", `true`, "envelope is a boolean, it must be an object"},
		{"cut off", `{"payload":"eA==","context":"d18"`, "envelope is no JSON: unexpected "},
		{"cut off in a payload", `{"payload":"eA=`, "envelope is no JSON: payload: unexpected EOF"},
		{"two objects", `{"payload":"eA=="}{"payload":"eQ=="}`, "envelope is no JSON: there is more after the object"},
		{"garbage after the object", `{"payload":"eA=="} xyz`, "envelope is no JSON: there is more after the object"},
		{"single quotes", `{'payload':'eA=='}`, "envelope is no JSON: invalid character '\\''"},
		{"trailing comma", `{"payload":"eA==",}`, "envelope is no JSON: "},
		{"properties a string", `{"properties":"abc"}`, "properties is a string, it must be an object"},
		{"properties an array", `{"properties":["a"]}`, "properties is an array, it must be an object"},
		{"properties a number", `{"properties":1}`, "properties is a number, it must be an object"},
		{"payload an object", `{"payload":{"a":1}}`, "payload is an object, it must be a string"},
		{"payload an array", `{"payload":["a"]}`, "payload is an array, it must be a string"},
		{"messageId an object", `{"messageId":{}}`, "messageId is an object, it must be a string"},
		{"redeliveryCount a word", `{"redeliveryCount":"x"}`, `redeliveryCount is "x", it must be a whole number: invalid syntax`},
		{"redeliveryCount out of range", `{"redeliveryCount":99999999999999999999}`, "redeliveryCount is \"99999999999999999999\", it must be a whole number: value out of range"},
		{"permitMessages a fraction", `{"permitMessages":1.5}`, `permitMessages is "1.5", it must be a whole number`},
		{"leading zero", `{"context":01}`, "envelope is no JSON: "},
		{"a control character in a string", "{\"payload\":\"a\nb\"}", "envelope is no JSON: payload: invalid character '\\n' in string"},
		{"no UTF-8", "{\"payload\":\"eA==\",\"context\":\"\xff\xfe\"}", "envelope is no valid UTF-8"},
		{"a bad escape", `{"key":"\x"}`, "envelope is no JSON: key: invalid "},
		{"nesting without end", `{"z":` + strings.Repeat("[", 20000), "envelope is no JSON: z: "},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var f envelope.Frame
			err := envelope.Scan([]byte(c.text), &f)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("Scan(%.100s): error %q, want one that begins with %q", c.text, err, c.want)
			}
		})
	}
}

func TestScanIntoAUsedFrame(t *testing.T) {
	f := envelope.Frame{KeepUnknown: true}
	texts := []string{`{"messageId":"1","payload":"eA==","foo":1,"redeliveryCount":7,"endOfTopic":true}`, `{}`}
	for _, text := range texts {
		if err := envelope.Scan([]byte(text), &f); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(nothing(nil), partsOf(&f)); d != "" {
		t.Errorf("something of the first text is left, -want +got:\n%s", d)
	}
}

func TestPlainPathTakesWhatPeersSend(t *testing.T) {
	// The plain path must not be left for what the peers write all day.
	for _, c := range scanCases[:4] {
		var f envelope.Frame
		if !f.ScanPlain([]byte(c.text)) {
			t.Errorf("%s: the scanner gave up on %s", c.name, c.text)
		}
	}
}

func FuzzScan(f *testing.F) {
	for _, c := range scanCases {
		if len(c.text) < 500 {
			f.Add([]byte(c.text))
		}
	}
	f.Add([]byte("{\"payload\":\"a\nb\"}"))
	f.Add([]byte(`{"a":[1,-2.5e3,true,false,null,"x",{"b":{}}],"context":01}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		plain := envelope.Frame{KeepUnknown: true}
		if !plain.ScanPlain(text) {
			return // the full decoder judges it, and it judges alone
		}
		full := envelope.Frame{KeepUnknown: true}
		if err := full.Decode(text); err != nil {
			t.Fatalf("the scanner took what the full decoder refuses: %v", err)
		}
		if d := cmp.Diff(partsOf(&full), partsOf(&plain)); d != "" {
			t.Errorf("scanner and full decoder differ, -full +scanner:\n%s", d)
		}
	})
}
