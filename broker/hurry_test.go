package broker

import (
	"slices"
	"testing"

	"github.com/dasf-go/dasf/internal/envelope"
)

func TestAPingBringsAlsoTheLateAnswersThatWaitForTheDisk(t *testing.T) {
	b, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	e := &engine{t, b}
	s := newSocket(b, endpoint{topic: "t"}, e.topic("t"), "test")
	answers := func() []string {
		s.mu.Lock()
		defer s.mu.Unlock()
		var texts []string
		for _, text := range frames(t, s.frames) {
			texts = append(texts, string(text))
		}
		return texts
	}
	stored := func(context string) {
		s.answerLate(&envelope.Frame{Context: []byte(context)}, false)
		s.unexpect()
	}
	for range 3 {
		if !s.expect() {
			t.Fatal("nothing is expected")
		}
	}
	stored(`"1"`)
	if got := answers(); len(got) != 0 {
		t.Errorf("%q is not late", got)
	}
	s.hurry()
	stored(`"2"`)
	stored(`"3"`) // the last that the ping came after
	want := []string{`{"result":"ok","context":"2","from":"1"}`, `{"result":"ok","context":"3"}`}
	if got := answers(); !slices.Equal(got, want) {
		t.Errorf("answers %q, want %q", got, want)
	}
	s.expect()
	stored(`"4"`)
	if got := answers(); len(got) != 2 {
		t.Errorf("answers %q, the last should be late", got)
	}
}
