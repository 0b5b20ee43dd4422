package dasf

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/dasf-go/dasf/internal/api"
	"github.com/dasf-go/dasf/internal/typed"
)

// A PrintReport tells the caller of a long computation what a program would
// print: a list of messages. It is the PrintReport of deprogressapi 0.4
// (print.py). What is said of the parameter, of sending and of the end of a
// handler under [ProgressReport] holds for it too.
//
// A client of deprogressapi shows the last message of each report that it
// gets, so messages that come faster than they are sent travel as one, with
// line breaks between them. The newest lines travel, 64 KiB of them; how many
// were left out is said in front.
//
// All methods may be called concurrently, and do nothing on a nil
// *PrintReport.
type PrintReport struct{ print *printState }

type printState struct {
	track

	mu       sync.Mutex
	settings reportSettings
	id       string
	status   ReportStatus
	messages []string // sent, or read
	pending  []string // not yet sent
	size     int      // bytes of both
	omitted  int      // lines that are gone
}

// NewPrintReport makes a report that a client passes in a request.
func NewPrintReport() *PrintReport { return &PrintReport{newPrintState()} }

func newPrintState() *printState {
	return &printState{settings: defaultReportSettings, id: rootID, status: ReportRunning}
}

func (r *PrintReport) live() *printState {
	if r == nil {
		return nil
	}
	return r.print
}

// Print adds a message.
func (r *PrintReport) Print(message string) {
	if p := r.live(); p != nil {
		p.change(func() { p.add(message) })
	}
}

// Printf adds a message, as [fmt.Sprintf] makes it.
func (r *PrintReport) Printf(format string, args ...any) {
	if r.live() != nil {
		r.Print(fmt.Sprintf(format, args...))
	}
}

// Submit has the present state sent although nothing changed.
func (r *PrintReport) Submit() {
	if p := r.live(); p != nil {
		p.change(func() {})
	}
}

// Complete ends the report: with success if err is nil, else with an error,
// whose text is the last message. Only the first call counts.
func (r *PrintReport) Complete(err error) {
	if p := r.live(); p != nil {
		p.close(err)
	}
}

// Do runs fn and completes r with its error, or with an error if it panics: see
// [ProgressReport.Do].
func (r *PrintReport) Do(ctx context.Context, fn func(context.Context) error) error {
	return block(ctx, r, fn)
}

// ID tells the reports of one call apart, where it has several.
func (r *PrintReport) ID() string {
	return readPrint(r, func(p *printState) string { return p.id })
}

// Status returns how the report is.
func (r *PrintReport) Status() ReportStatus {
	if r.live() == nil {
		return ReportRunning
	}
	return readPrint(r, func(p *printState) ReportStatus { return p.status })
}

// Messages returns the messages, the oldest first. The last one of a completed
// report may be empty: it says that there is nothing more to show.
func (r *PrintReport) Messages() []string {
	return readPrint(r, func(p *printState) []string {
		return append(append([]string(nil), p.messages...), p.pending...)
	})
}

// ShowMethod returns how whoever passed the report wants it to be shown: see
// [ProgressReport.ShowMethod].
func (r *PrintReport) ShowMethod() string {
	return readPrint(r, func(p *printState) string { return string(p.settings.ShowMethod) })
}

func readPrint[T any](r *PrintReport, fn func(*printState) T) (value T) {
	p := r.live()
	if p == nil {
		return value
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return fn(p)
}

func (p *printState) change(fn func()) {
	p.mu.Lock()
	if p.status != ReportRunning {
		p.mu.Unlock()
		return
	}
	fn()
	p.mu.Unlock()
	p.changed()
}

// add adds a message that was not sent. What can't be sent any more is let go.
func (p *printState) add(message string) {
	message = shorten(message, textCuts[0])
	p.pending = append(p.pending, message)
	p.size += len(message) + 1
	for p.size > reportLimit && len(p.messages)+len(p.pending) > 1 {
		p.dropOldest()
	}
}

// dropOldest lets the oldest line go.
func (p *printState) dropOldest() {
	from := &p.messages
	if len(*from) == 0 {
		from = &p.pending
	}
	line, rest, more := strings.Cut((*from)[0], "\n")
	(*from)[0] = rest
	if !more {
		*from = (*from)[1:]
	}
	p.size -= len(line) + 1
	p.omitted++
}

func (p *printState) close(err error) {
	p.change(func() {
		p.status = statusOf(err)
		if err != nil {
			p.add(err.Error())
		}
	})
}

// snapshot returns what is sent now. A client of deprogressapi never shows the
// last message of a completed report (producer.py and print.py, complete), so
// messages that were not sent yet go out in a running one before it.
func (p *printState) snapshot(limit int) (payload []byte, status ReportStatus, more bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	status = p.status
	switch {
	case len(p.pending) > 0:
		p.trimPending(limit - headRoom)
		p.messages = append(p.messages, strings.Join(p.pending, "\n"))
		p.pending = nil
		more, status = status != ReportRunning, ReportRunning
	case status != ReportRunning && len(p.messages) > 0 && p.messages[len(p.messages)-1] != "":
		p.messages = append(p.messages, "") // as deprogressapi's complete
	}
	return p.bounded(limit, status), status, more
}

// bounded returns the JSON in at most limit bytes. The oldest lines go.
func (p *printState) bounded(limit int, status ReportStatus) []byte {
	for {
		out := p.append(status)
		switch {
		case len(out) <= limit, len(p.messages) == 0:
			return out
		case len(p.messages) == 1 && !strings.Contains(p.messages[0], "\n"): // a client's
			p.messages[0] = shorten(p.messages[0], (limit-headRoom)/len(`\u0000`))
			return p.append(status)
		}
		for excess := len(out) - limit; excess > 0 && (len(p.messages) > 1 || strings.Contains(p.messages[0], "\n")); {
			before := p.size
			p.dropOldest()
			excess -= before - p.size
		}
	}
}

// headRoom is more than all of a report takes but its messages.
const headRoom = 2048

// trimPending lets the oldest messages go that were not sent yet, until their
// JSON has at most limit bytes.
func (p *printState) trimPending(limit int) {
	size := 0
	for i := len(p.pending) - 1; i >= 0; i-- {
		if size += jsonLength(p.pending[i]); size > limit && i < len(p.pending)-1 {
			for keep := len(p.pending) - 1 - i; len(p.messages) > 0 || len(p.pending) > keep; {
				p.dropOldest()
			}
			break
		}
	}
	if last := &p.pending[len(p.pending)-1]; jsonLength(*last) > limit {
		p.size -= len(*last)
		*last = shorten(*last, limit/len(`\u0000`))
		p.size += len(*last)
	}
}

func jsonLength(text string) int { return len(api.AppendString(nil, text)) }

// append returns the JSON of what was sent or is sent now.
func (p *printState) append(status ReportStatus) []byte {
	dst := appendReportHead(nil, p.settings, p.id, status, textCuts[1])
	dst = append(dst, `,"messages":[`...)
	if p.omitted > 0 {
		dst = append(dst, '"')
		dst = strconv.AppendInt(dst, int64(p.omitted), 10)
		dst = append(dst, ` earlier lines were left out"`...)
		if len(p.messages) > 0 {
			dst = append(dst, ',')
		}
	}
	for i, message := range p.messages {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = api.AppendString(dst, message)
	}
	return append(dst, `],"report_type":"print"}`...)
}

func (p *printState) tracked() *track { return &p.track }

func (p *printState) reopen() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status = ReportRunning
}

// printWire is a report as it travels: PrintReport of deprogressapi.
type printWire struct {
	Settings reportSettings `json:"settings" default:"{}"`
	ID       string         `json:"report_id" default:"root"`
	Status   ReportStatus   `json:"status" default:"running"`
	Messages []string       `json:"messages" default:"[]"`
	Type     string         `json:"report_type" default:"print" const:"print"`
}

var printCodec = wireCodec[printWire]("PrintReport")

// UnmarshalJSON reads a report that deprogressapi or MarshalJSON wrote, by
// pydantic's rules.
func (r *PrintReport) UnmarshalJSON(text []byte) error {
	codec, err := printCodec()
	if err != nil {
		return err
	}
	w, err := codec.Decode(text, typed.DecodeOptions{})
	if err != nil {
		return err
	}
	p := &printState{settings: w.Settings, id: w.ID, status: w.Status, messages: w.Messages}
	for _, message := range w.Messages {
		p.size += len(message) + 1
	}
	r.print = p
	return nil
}

// MarshalJSON writes the whole report, as pydantic writes deprogressapi's.
func (r *PrintReport) MarshalJSON() ([]byte, error) {
	p := r.live()
	if p == nil {
		return NewPrintReport().MarshalJSON()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	whole := printState{
		settings: p.settings, id: p.id, omitted: p.omitted,
		messages: append(append([]string(nil), p.messages...), p.pending...),
	}
	return whole.append(p.status), nil
}

// JSONSchemaBytes returns the schema that pydantic writes for deprogressapi's
// PrintReport.
func (PrintReport) JSONSchemaBytes() ([]byte, error) {
	return reportSchema(`"messages":{"description":"The message to print.","items":{"type":"string"},"title":"Messages","type":"array"},` +
		`"report_type":{"const":"print","default":"print","description":"Selector for the report type.","title":"Report Type","type":"string"}},` +
		`"description":"A simple report to print a statement.","title":"PrintReport"`), nil
}
