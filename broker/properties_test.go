package broker_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dasf-go/dasf/broker"
)

// A message of useless properties costs whoever receives it many times what it
// costs to send.
func TestUselessPropertiesAreRefused(t *testing.T) {
	var many strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&many, `"%d":"",`, i)
	}
	for _, tt := range []struct{ name, properties, want string }{
		{"many", many.String() + `"a":"b"`, "the message has 100001 properties, at most 1000 are taken"},
		{"a long name", `"` + strings.Repeat("n", 1<<20) + `":""`, "the name of a property has 1048576 bytes, at most 1024 are taken"},
		{"a long value", `"note":"` + strings.Repeat("v", 1<<20) + `"`, `"result":"ok"`},
		{"a thousand", strings.Repeat(`"a":"",`, 999) + `"b":""`, `"result":"ok"`},
	} {
		for _, path := range []string{"/ws/topic", "/ws/v2/producer/persistent/public/default/topic"} {
			t.Run(tt.name+path, func(t *testing.T) {
				_, url := serve(t, broker.Config{})
				out := dialFast(t, url+path)
				for _, properties := range []string{tt.properties, ""} {
					out.send([]byte(`{"context":"7","properties":{` + properties + `},"payload":""}`))
				}
				if err := out.flush(); err != nil {
					t.Fatal(err)
				}
				for _, want := range []string{tt.want, `"result":"ok"`} { // the connection goes on
					answer, err := out.receive()
					if err != nil {
						t.Fatal(err)
					}
					if text := string(answer); !strings.Contains(text, want) || !strings.Contains(text, `"context":"7"`) {
						t.Errorf("answered %s, want %q", text, want)
					}
				}
			})
		}
	}
}
