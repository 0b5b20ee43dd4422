package envelope_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/dasf-go/dasf/internal/envelope"
)

// sameAsStd decodes text with both decoders and compares.
func sameAsStd(t *testing.T, text []byte) {
	t.Helper()
	want, wantErr := base64.StdEncoding.DecodeString(string(text))
	got, err := envelope.DecodeBase64([]byte("before"), text)
	if wantErr != nil {
		var corrupt base64.CorruptInputError
		if !errors.As(err, &corrupt) || err.Error() != wantErr.Error() || string(got) != "before" {
			t.Fatalf("%.200q: %q, error %v, want %v", text, got, err, wantErr)
		}
		return
	}
	if err != nil || string(got) != "before"+string(want) {
		t.Fatalf("%.200q: %q, %v, want %q", text, got, err, want)
	}
}

func TestBase64IsThatOfTheStandardLibrary(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 300 {
		raw := make([]byte, n)
		for i := range raw {
			raw[i] = byte(r.Uint32())
		}
		text := envelope.AppendBase64([]byte("before"), raw)
		if want := "before" + base64.StdEncoding.EncodeToString(raw); string(text) != want {
			t.Fatalf("%d bytes are encoded as %q, want %q", n, text, want)
		}
		text = text[len("before"):]
		sameAsStd(t, text)
		// The same with a mistake in it: any byte, anywhere; cut off; padded
		// too much; broken by lines, which the standard decoder skips.
		for range 20 {
			if len(text) == 0 {
				break
			}
			broken := bytes.Clone(text)
			broken[r.IntN(len(broken))] = byte(r.Uint32())
			sameAsStd(t, broken)
			sameAsStd(t, text[:r.IntN(len(text))])
			at := r.IntN(len(text))
			sameAsStd(t, append(append(bytes.Clone(text[:at]), "\r\n"[r.IntN(2)]), text[at:]...))
			sameAsStd(t, append(append(bytes.Clone(text[:at]), '='), text[at:]...))
		}
		sameAsStd(t, append(bytes.Clone(text), '='))
		sameAsStd(t, bytes.TrimRight(text, "="))
	}
	for _, text := range []string{"", "=", "====", "QQ", "QQ=", "QQ==", "QR==", "QUI", "QUJD", "_-__", "QU JD", "é", "QQ==QQ=="} {
		sameAsStd(t, []byte(text))
	}
}

func TestBase64IntoABufferThatIsLargeEnoughAllocatesNothing(t *testing.T) {
	raw := bytes.Repeat([]byte("0123456789"), 100)
	text := envelope.AppendBase64(nil, raw)
	out, back := make([]byte, 0, 2000), make([]byte, 0, 2000)
	if n := testing.AllocsPerRun(100, func() {
		envelope.AppendBase64(out, raw)
		if _, err := envelope.DecodeBase64(back, text); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzBase64(f *testing.F) {
	f.Add([]byte("SGVsbG8gV29ybGQ="))
	f.Add([]byte("SGVsbG8gV29ybGQhSGVsbG8gV29ybGQhSGVsbG8gV29ybGQhSGVs\nbG8gV29ybGQh"))
	f.Fuzz(func(t *testing.T, text []byte) { sameAsStd(t, text) })
}
