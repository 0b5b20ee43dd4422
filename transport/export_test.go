package transport

import "github.com/dasf-go/dasf/internal/envelope"

// MessageOf reads a frame as a consumer does.
func MessageOf(text []byte) (*Message, error) {
	var f envelope.Frame
	if err := scan(text, &f); err != nil {
		return nil, err
	}
	return new(consumer).message(&f)
}

// AnswerTo gives a frame to a producer that has sent n messages, and returns
// how many of them were answered, and the last answer.
func AnswerTo(text []byte, n int) (answered int, err error) {
	b := newSocketBroker(&plainForm{}, Options{})
	t, _ := newTarget("ws://broker/", nil)
	p := newProducer(b, t, "topic")
	sent := make([]*sending, n)
	for i := range sent {
		sent[i] = &sending{context: uint64(i + 1), result: make(chan error, 1)}
		p.byContext[sent[i].context] = sent[i]
		p.unanswered = append(p.unanswered, sent[i])
	}
	p.frame(nil, text)
	for _, s := range sent {
		select {
		case err = <-s.result:
			answered++
		default:
		}
	}
	return answered, err
}
