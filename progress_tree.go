package dasf

import (
	"errors"
	"math"
	"sync"
	"sync/atomic"
)

const (
	// reportLimit is the longest report that is sent, in bytes of its JSON. A
	// Python client can't read one that was cut.
	reportLimit = 64 << 10

	// maxNodes is how many reports of a tree fit into the limit; the shortest
	// takes 150 bytes. More are only counted.
	maxNodes = reportLimit / 150

	// maxDepth is the depth of a tree that is sent. pydantic reads at most 99
	// reports inside of each other (its JSON parser stops at 200 levels).
	maxDepth = 50
)

var errPanicked = errors.New("panicked")

// A progressTree is the reports below one root. A goroutine may hold any of
// its nodes, so they share one lock; only the counting of steps has none.
type progressTree struct {
	track
	root *progressNode

	mu       sync.Mutex
	listed   int             // nodes that are linked below the root, and the root
	finished []*progressNode // listed ones but the root, in the order of their completion
}

// A progressNode is one report. A node that is not listed is known to its
// parent only as a count.
type progressNode struct {
	handle ProgressReport // what the user holds; it points back here
	tree   *progressTree
	parent *progressNode
	depth  int

	completed atomic.Bool  // status is no longer running
	stepped   atomic.Int64 // steps without reports of their own

	// What follows belongs to tree.mu.
	settings    reportSettings
	id          string
	status      ReportStatus
	message     string
	steps       int
	listed      bool
	first, last *progressNode // its children
	prev, next  *progressNode // its siblings
	done        int           // children that are only counted
	failed      int
	running     int
}

func newProgressTree(message string, steps int) *progressTree {
	t := &progressTree{listed: 1}
	t.root = t.newNode(nil, message, steps)
	t.root.listed = true
	return t
}

func (t *progressTree) newNode(parent *progressNode, message string, steps int) *progressNode {
	n := &progressNode{
		tree: t, parent: parent, settings: defaultReportSettings, id: rootID,
		status: ReportRunning, message: message, steps: max(0, steps),
	}
	n.handle.node = n
	if parent != nil {
		n.depth = parent.depth + 1
	}
	return n
}

// state returns the status without the tree's lock.
func (n *progressNode) state() ReportStatus {
	if !n.completed.Load() {
		return ReportRunning
	}
	return n.status // does not change any more
}

// sub adds a child, listed where there is room.
func (n *progressNode) sub(message string, steps int) *ProgressReport {
	t := n.tree
	t.mu.Lock()
	if n.completed.Load() {
		t.mu.Unlock()
		return nil
	}
	child := t.newNode(n, message, steps)
	// What makes room may take n away too, where a client's tree has it below
	// what is completed.
	if n.listed && child.depth < maxDepth && t.makeRoom() && n.listed {
		n.link(child)
	} else {
		n.count(ReportRunning, 1)
	}
	t.mu.Unlock()
	t.changed()
	return &child.handle
}

// makeRoom folds the oldest completed node if the tree has all that it may
// have. It reports whether there is room for one more.
func (t *progressTree) makeRoom() bool {
	return t.listed < maxNodes || t.foldOldest() != nil
}

// link puts child behind n's other children.
func (n *progressNode) link(child *progressNode) {
	child.listed = true
	child.prev = n.last
	if n.last == nil {
		n.first = child
	} else {
		n.last.next = child
	}
	n.last = child
	n.tree.listed++
}

// unlink takes n, and with it what is below, out of its parent's children.
func (n *progressNode) unlink() {
	p := n.parent
	if n.prev == nil {
		p.first = n.next
	} else {
		n.prev.next = n.next
	}
	if n.next == nil {
		p.last = n.prev
	} else {
		n.next.prev = n.prev
	}
	n.prev, n.next = nil, nil
	n.leave()
}

// leave marks n and what is below as not listed.
func (n *progressNode) leave() {
	n.listed = false
	n.tree.listed--
	for c := n.first; c != nil; c = c.next {
		c.leave()
	}
}

// foldOldest makes a count of the node that was completed first, and returns
// it; nil when no completed node is left.
func (t *progressTree) foldOldest() *progressNode {
	for len(t.finished) > 0 {
		n := t.finished[0]
		t.finished[0] = nil
		t.finished = t.finished[1:]
		if n.listed { // else it went with its parent
			n.unlink()
			n.parent.count(n.status, 1)
			return n
		}
	}
	return nil
}

// hideLast makes a count of the newest node without children that is still
// running, and returns it; nil when only the root is left.
func (t *progressTree) hideLast() *progressNode {
	n := t.root
	for n.last != nil {
		n = n.last
	}
	if n == t.root {
		return nil
	}
	n.unlink()
	n.parent.count(ReportRunning, 1)
	return n
}

// count counts children that have no place among the children.
func (n *progressNode) count(status ReportStatus, more int) {
	switch status {
	case ReportError:
		n.failed = addCount(n.failed, more)
	case ReportSuccess:
		n.done = addCount(n.done, more)
	default:
		n.running = addCount(n.running, more)
	}
}

// counts returns the steps that are only counted.
func (n *progressNode) counts() (done, failed, running int) {
	stepped := n.stepped.Load()
	if stepped < 0 { // counted beyond int64
		stepped = math.MaxInt64
	}
	return addCount(n.done, int(min(stepped, math.MaxInt))), n.failed, n.running
}

// advance counts steps. It takes no lock: loops call it a million times.
func (n *progressNode) advance(by int) {
	if n.completed.Load() {
		return
	}
	n.stepped.Add(int64(by))
	n.tree.changed()
}

// change runs fn under the lock unless n is completed.
func (n *progressNode) change(fn func()) {
	n.tree.mu.Lock()
	if n.completed.Load() {
		n.tree.mu.Unlock()
		return
	}
	fn()
	n.tree.mu.Unlock()
	n.tree.changed()
}

// complete ends n and what is open below it.
func (n *progressNode) complete(status ReportStatus) {
	n.change(func() { n.end(status) })
}

// end is complete under the lock.
func (n *progressNode) end(status ReportStatus) {
	if n.completed.Load() {
		return
	}
	for c := n.first; c != nil; c = c.next {
		c.end(status)
	}
	n.count(status, n.running)
	n.running = 0
	n.status = status
	n.completed.Store(true)
	switch {
	case n.parent == nil:
	case n.listed:
		n.tree.finished = append(n.tree.finished, n)
	case n.parent.running > 0: // else the parent has been completed with it
		n.parent.running--
		n.parent.count(status, 1)
	}
}

// reopen makes a report ready for a call: whatever a client says of its root,
// the work is yet to be done.
func (t *progressTree) reopen() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.root.status = ReportRunning
	t.root.completed.Store(false)
}
