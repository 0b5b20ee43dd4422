package dasf

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"

	"github.com/dasf-go/dasf/transport"
)

// OnProgress has fn called with each [ProgressReport] of a call, in the
// goroutine of [Call]. Every report is the whole tree, and fn may keep it.
// While fn runs, newer reports replace older ones; the last one always comes,
// before Call returns.
func OnProgress(fn func(*ProgressReport)) CallOption {
	return func(o *callOptions) { o.progress = fn }
}

// OnPrint has fn called with each [PrintReport] of a call, as [OnProgress].
func OnPrint(fn func(*PrintReport)) CallOption {
	return func(o *callOptions) { o.print = fn }
}

// listens reports whether the caller wants anything of a call but its result.
func (o *callOptions) listens() bool {
	return o != nil && (o.progress != nil || o.print != nil || o.log != nil)
}

// The bounds of what a call holds for its caller. More is not kept while the
// caller's functions are busy.
const (
	maxArrivedReports = 64 // different ones
	maxArrivedLog     = 1 << 20
)

// arrivals are the reports and records of a call that its caller has not seen
// yet. They are not safe for concurrent use.
type arrivals struct {
	list []arrival
	log  int // bytes of records
	lost int // messages with records that had no room
}

type arrival struct {
	kind    string
	name    reportName // of a report
	payload []byte
}

// A reportName tells the reports of one call apart.
type reportName struct {
	ID   string `json:"report_id"`
	Type string `json:"report_type"`
}

// arrived makes an arrival of a message's payload. It reads a report's name,
// and should be called without a lock.
func arrived(kind string, payload []byte) (arrival, error) {
	a := arrival{kind: kind, payload: payload}
	if kind != typeProgress {
		return a, nil
	}
	if err := json.Unmarshal(payload, &a.name); err != nil {
		return a, err
	}
	if a.name.Type != "tree" && a.name.Type != "print" {
		return a, fmt.Errorf("its report_type is %.50q; it must be tree or print", a.name.Type)
	}
	return a, nil
}

// add takes an arrival. A report replaces an older one of its name.
func (q *arrivals) add(a arrival) {
	if a.kind == typeLog {
		if q.log+len(a.payload) > maxArrivedLog {
			q.lost++
			return
		}
		q.log += len(a.payload)
	} else {
		reports := 0 // others
		q.list = slices.DeleteFunc(q.list, func(old arrival) bool {
			same := old.kind == typeProgress && old.name == a.name
			if old.kind == typeProgress && !same {
				reports++
			}
			return same
		})
		if reports >= maxArrivedReports {
			return
		}
	}
	q.list = append(q.list, a)
}

// take returns what has arrived and empties the queue.
func (q *arrivals) take() arrivals {
	taken := *q
	*q = arrivals{}
	return taken
}

// deliver calls the caller's functions with what has arrived.
func (o *callOptions) deliver(q arrivals, log *slog.Logger) {
	if !o.listens() {
		return
	}
	if q.lost > 0 {
		log.Warn("records of a handler's log were dropped, since the function for them was busy", "messages", q.lost)
	}
	for _, a := range q.list {
		if err := o.deliverOne(a); err != nil {
			log.Warn("ignored a message about a call that can't be read", "messageType", a.kind, "err", err)
		}
	}
}

func (o *callOptions) deliverOne(a arrival) (err error) {
	switch {
	case a.kind == typeLog && o.log != nil:
		var records []slog.Record
		records, err = parseRecords(a.payload)
		for _, r := range records {
			o.log(r)
		}
	case a.name.Type == "tree" && o.progress != nil:
		r := new(ProgressReport)
		if err = r.UnmarshalJSON(a.payload); err == nil {
			o.progress(r)
		}
	case a.name.Type == "print" && o.print != nil:
		r := new(PrintReport)
		if err = r.UnmarshalJSON(a.payload); err == nil {
			o.print(r)
		}
	}
	return err
}

// readNews reads a report or records of a log. It returns nil for any other
// message and for what can't be read.
func (r *remote) readNews(m *transport.Message) *arrival {
	kind := m.Properties[propType]
	if kind != typeProgress && kind != typeLog {
		return nil
	}
	payload, err := m.Decode()
	if err == nil {
		var a arrival
		if a, err = arrived(kind, payload); err == nil {
			return &a
		}
	}
	r.seldom.Warn("ignored a message about a call that can't be read", "messageType", kind, "requestContext", m.Properties[propContext], "err", err)
	return nil
}
