package dasf

import (
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/dasf-go/dasf/internal/api"
	"github.com/dasf-go/dasf/internal/typed"
)

// rootID is the report_id that every report of deprogressapi has unless it is
// given another (base.py).
const rootID = "root"

// reportSettings is ReportSettings of deprogressapi (settings.py).
type reportSettings struct {
	_          struct{}   `additionalProperties:"false"`
	ShowMethod showMethod `json:"show_method" default:"AUTO"`
	UseCurses  bool       `json:"use_curses" default:"true"`
}

var defaultReportSettings = reportSettings{ShowMethod: "AUTO", UseCurses: true}

type showMethod string

// Enum lists the methods of deprogressapi (settings.py, ShowReportMethod).
func (showMethod) Enum() []any { return []any{"NONE", "AUTO", "PRINT", "WINDOWED", "JUPYTER"} }

// treeWire is a report as it travels: ProgressReport of deprogressapi (tree.py).
type treeWire struct {
	Settings reportSettings `json:"settings" default:"{}"`
	ID       string         `json:"report_id" default:"root"`
	Status   ReportStatus   `json:"status" default:"running"`
	Message  string         `json:"step_message"`
	Steps    int            `json:"steps" default:"0"`
	Children []treeWire     `json:"children" default:"[]"`
	Type     string         `json:"report_type" default:"tree" const:"tree"`
}

// wireCodec compiles the form of a report, once in a program.
func wireCodec[T any](name string) func() (*typed.Codec[T], error) {
	return sync.OnceValues(func() (*typed.Codec[T], error) {
		return typed.For[T](typed.NewCompiler(typed.Options{}), name)
	})
}

var treeCodec = wireCodec[treeWire]("ProgressReport")

// UnmarshalJSON reads a report that deprogressapi or MarshalJSON wrote, by
// pydantic's rules.
func (r *ProgressReport) UnmarshalJSON(text []byte) error {
	codec, err := treeCodec()
	if err != nil {
		return err
	}
	w, err := codec.Decode(text, typed.DecodeOptions{})
	if err != nil {
		return err
	}
	t := newProgressTree(w.Message, w.Steps)
	t.root.take(&w)
	t.dirty.Store(false)
	r.node = t.root
	return nil
}

// take sets n to what w says.
func (n *progressNode) take(w *treeWire) {
	n.settings, n.id = w.Settings, w.ID
	for i := range w.Children {
		c := &w.Children[i]
		if n.takeCount(c) {
			continue
		}
		child := n.tree.newNode(n, c.Message, c.Steps)
		n.link(child)
		child.take(c)
	}
	if w.Status != ReportRunning {
		n.settle(w.Status)
	}
}

// settle completes a node that was read. Its children keep the status that
// they came with, for a peer may complete them later, or never.
func (n *progressNode) settle(status ReportStatus) {
	n.status = status
	n.completed.Store(true)
	if n.parent != nil {
		n.tree.finished = append(n.tree.finished, n)
	}
}

// The lines that stand for steps without reports of their own: a number, and
// one of these texts.
var countTexts = map[ReportStatus]string{
	ReportSuccess: "done", ReportError: "failed", ReportRunning: "running",
}

func countText(count int, status ReportStatus) string {
	if count == 1 {
		return "1 step " + countTexts[status]
	}
	return strconv.Itoa(count) + " steps " + countTexts[status]
}

// takeCount reads a line that stands for steps. It reports false when w is
// another report.
func (n *progressNode) takeCount(w *treeWire) bool {
	if w.Steps < 1 || len(w.Children) > 0 || w.Message != countText(w.Steps, w.Status) {
		return false
	}
	n.count(w.Status, w.Steps)
	return true
}

// MarshalJSON writes the whole report, as pydantic writes deprogressapi's.
func (r *ProgressReport) MarshalJSON() ([]byte, error) {
	n := r.live()
	if n == nil {
		return NewProgressReport("", 0).MarshalJSON()
	}
	n.tree.mu.Lock()
	defer n.tree.mu.Unlock()
	return n.append(nil, 0), nil
}

// append appends the JSON of n. Texts are cut to so many bytes; 0 leaves them.
func (n *progressNode) append(dst []byte, cut int) []byte {
	dst = appendReportHead(dst, n.settings, n.id, n.status, cut)
	dst = appendTreeFields(dst, n.message, n.steps, cut)
	start := len(dst)
	done, failed, running := n.counts()
	dst = appendCount(dst, done, ReportSuccess)
	dst = appendCount(dst, failed, ReportError)
	for c := n.first; c != nil; c = c.next {
		dst = append(c.append(dst, cut), ',')
	}
	dst = appendCount(dst, running, ReportRunning)
	if len(dst) > start {
		dst = dst[:len(dst)-1] // the last comma
	}
	return append(dst, treeTail...)
}

const treeTail = `],"report_type":"tree"}`

// appendReportHead appends the fields that both types of report begin with.
func appendReportHead(dst []byte, s reportSettings, id string, status ReportStatus, cut int) []byte {
	dst = append(dst, `{"settings":{"show_method":"`...)
	dst = append(dst, s.ShowMethod...)
	dst = append(dst, `","use_curses":`...)
	dst = strconv.AppendBool(dst, s.UseCurses)
	dst = append(dst, `},"report_id":`...)
	dst = api.AppendString(dst, shorten(id, cut))
	dst = append(dst, `,"status":"`...)
	dst = append(dst, status...)
	return append(dst, '"')
}

func appendTreeFields(dst []byte, message string, steps, cut int) []byte {
	dst = append(dst, `,"step_message":`...)
	dst = api.AppendString(dst, shorten(message, cut))
	dst = append(dst, `,"steps":`...)
	dst = strconv.AppendInt(dst, int64(steps), 10)
	return append(dst, `,"children":[`...)
}

// appendCount appends the line that stands for steps, and a comma.
func appendCount(dst []byte, count int, status ReportStatus) []byte {
	if count == 0 {
		return dst
	}
	dst = appendReportHead(dst, defaultReportSettings, rootID, status, 0)
	dst = appendTreeFields(dst, countText(count, status), count, 0)
	dst = append(dst, treeTail...)
	return append(dst, ',')
}

// shorten cuts a text to at most so many bytes, an ellipsis included.
func shorten(text string, most int) string {
	if most == 0 || len(text) <= most {
		return text
	}
	const ellipsis = "…"
	at := most - len(ellipsis)
	for at > 0 && !utf8.RuneStart(text[at]) {
		at--
	}
	return text[:at] + ellipsis
}

// The lengths that texts are cut to, one after the other, when folding what is
// completed does not make a report short enough. The first is for all reports.
var textCuts = [...]int{4096, 256, 64}

// bounded returns the JSON of the whole tree in at most limit bytes. What has
// to go is gone for good: completed reports first, the oldest of them before
// the others, then the ends of long texts, then the newest reports.
func (t *progressTree) bounded(limit int) []byte {
	cut := 0
	for {
		out := t.root.append(nil, textCuts[cut])
		excess := len(out) - limit
		switch {
		case excess <= 0:
			return out
		case shed(excess, textCuts[cut], t.foldOldest):
		case cut+1 < len(textCuts):
			cut++
		case !shed(excess, textCuts[cut], t.hideLast):
			return out // a root alone is shorter than any limit in use
		}
	}
}

// shed drops reports until about so many bytes have gone. drop returns what it
// dropped, nil if nothing was left. shed reports whether it dropped any.
func shed(bytes, cut int, drop func() *progressNode) bool {
	dropped := false
	for bytes > 0 {
		n := drop()
		if n == nil {
			break
		}
		dropped = true
		bytes -= len(n.append(nil, cut)) + len(",")
	}
	return dropped
}

// snapshot returns what is sent now, and its status.
func (t *progressTree) snapshot(limit int) (payload []byte, status ReportStatus, more bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.bounded(limit), t.root.status, false
}

// close completes the tree at the end of its call.
func (t *progressTree) close(err error) { t.root.complete(statusOf(err)) }

func (t *progressTree) tracked() *track { return &t.track }

// JSONSchemaBytes returns the schema that pydantic writes for deprogressapi's
// ProgressReport.
func (ProgressReport) JSONSchemaBytes() ([]byte, error) {
	return reportSchema(`"step_message":{"description":"The description of the process.","title":"Step Message","type":"string"},` +
		`"steps":{"default":0,"description":"The number of subprocesses in this report.","title":"Steps","type":"integer"},` +
		`"children":{"items":{"$ref":"#/$defs/ProgressReport"},"title":"Children","type":"array"},` +
		`"report_type":{"const":"tree","default":"tree","description":"Selector for the report type.","title":"Report Type","type":"string"}},` +
		`"required":["step_message"],"title":"ProgressReport"`), nil
}

// reportSchema is the schema of a report with some properties of its own, and
// what comes after the properties.
func reportSchema(rest string) []byte {
	return []byte(`{"$defs":{` +
		`"ReportSettings":{"additionalProperties":false,"description":"Settings for displaying the reports.","properties":{` +
		`"show_method":{"$ref":"#/$defs/ShowReportMethod","default":"AUTO","description":"The method to use for printing the reports."},` +
		`"use_curses":{"default":true,"description":"Whether to use curses or not for displaying reports.","title":"Use Curses","type":"boolean"}},` +
		`"title":"ReportSettings","type":"object"},` +
		`"ShowReportMethod":{"description":"Methods for reporting.","enum":["NONE","AUTO","PRINT","WINDOWED","JUPYTER"],"title":"ShowReportMethod","type":"string"},` +
		`"Status":{"enum":["success","error","running"],"title":"Status","type":"string"}},` +
		`"properties":{` +
		`"settings":{"$ref":"#/$defs/ReportSettings","description":"Settings for the report."},` +
		`"report_id":{"default":"root","description":"ID for the report.","title":"Report Id","type":"string"},` +
		`"status":{"$ref":"#/$defs/Status","default":"running","description":"Status of the underlying process."},` +
		rest + `,"type":"object"}`)
}
