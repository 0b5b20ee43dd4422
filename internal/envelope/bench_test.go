package envelope_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/dasf-go/dasf/internal/envelope"
)

var sizes = []struct {
	name  string
	bytes int
}{{"100B", 100}, {"100kB", 100_000}, {"10MB", 10_000_000}}

func benchText(n int) []byte {
	payload := envelope.AppendBase64(nil, bytes.Repeat([]byte("0123456789"), n/10))
	return fmt.Appendf(nil, `{"messageId":"CBQQBDAA","publishTime":"2026-11-24T15:26:22.139Z","properties": {"response_topic": "hello_aroEhfGH", `+
		`"requestContext": "0", "messageType": "request"}, "payload": "%s", "context": 0}`, payload)
}

func BenchmarkScan(b *testing.B) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			text := benchText(size.bytes)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			var f envelope.Frame
			for b.Loop() {
				if err := envelope.Scan(text, &f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkScanAndDecode(b *testing.B) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			text := benchText(size.bytes)
			b.SetBytes(int64(size.bytes))
			b.ReportAllocs()
			var f envelope.Frame
			var payload []byte
			for b.Loop() {
				if err := envelope.Scan(text, &f); err != nil {
					b.Fatal(err)
				}
				var err error
				if payload, err = envelope.DecodeBase64(payload[:0], f.Payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEncodeAndAppend(b *testing.B) {
	properties := map[string]string{"response_topic": "hello_aroEhfGH", "requestContext": "0", "messageType": "request"}
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			payload := bytes.Repeat([]byte("0123456789"), size.bytes/10)
			b.SetBytes(int64(size.bytes))
			b.ReportAllocs()
			var text []byte
			for b.Loop() {
				text = envelope.AppendMessageHead(text[:0], properties, "", "1")
				text = envelope.AppendBase64(text, payload)
				text = append(text, envelope.Tail...)
			}
		})
	}
}

func BenchmarkAppendDelivery(b *testing.B) {
	d := envelope.Delivery{MessageID: "CBQQBDAA", PublishTime: time.Date(2026, 11, 24, 15, 26, 22, 0, time.UTC)}
	for _, form := range []envelope.Form{envelope.Plain, envelope.Pulsar} {
		b.Run(fmt.Sprintf("form=%d", form), func(b *testing.B) {
			var f envelope.Frame
			if err := envelope.Scan(benchText(100), &f); err != nil {
				b.Fatal(err)
			}
			d.Form = form
			b.ReportAllocs()
			var text []byte
			for b.Loop() {
				text = envelope.AppendDelivery(text[:0], &f, &d)
			}
		})
	}
}
