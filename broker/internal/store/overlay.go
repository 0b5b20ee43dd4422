package store

// A change is what the index does not know yet of one key.
type change struct {
	value    []byte
	place    location
	hasValue bool // else the value is the index's
	hasPlace bool // else the place is the index's
	deleted  bool // value and place say so, too
	fresh    bool // the index has nothing under this key
}

// An overlay holds the changes since a position in the log.
type overlay map[string]*change

// over returns what c makes of what was there before.
func (c *change) over(value []byte, place location, ok bool) ([]byte, location, bool) {
	if c == nil {
		return value, place, ok
	}
	if c.deleted {
		return nil, location{}, false
	}
	if c.hasValue {
		value, ok = c.value, true
	}
	if c.hasPlace && ok {
		place = c.place
	}
	return value, place, ok
}

// apply enters one record that is in the log at place; mu is held. exists says
// for a move whether the key is in the index or in the frozen overlay.
func (s *Store) apply(k kind, key string, value []byte, place location, exists func() bool) {
	c := s.active[key]
	switch k {
	case put:
		if c != nil {
			s.addLive(c.place, -1)
		}
		s.active[key] = &change{value: value, hasValue: true, place: place, hasPlace: true, fresh: c == nil || c.fresh}
		s.addLive(place, 1)
	case set:
		if c == nil {
			s.active[key] = &change{value: value, hasValue: true}
			return
		}
		c.value, c.hasValue, c.deleted = value, true, false
	case remove:
		if c != nil {
			s.addLive(c.place, -1)
			if c.fresh {
				delete(s.active, key)
				return
			}
		}
		s.active[key] = &change{deleted: true, hasValue: true, hasPlace: true}
	case move:
		if c == nil && !exists() || c != nil && c.deleted {
			return
		}
		if c == nil {
			c = new(change)
			s.active[key] = c
		}
		s.addLive(c.place, -1)
		c.place, c.hasPlace = place, true
		s.addLive(place, 1)
	}
}

// addLive counts a record in its segment; mu is held.
func (s *Store) addLive(l location, sign int64) {
	if g := s.segments[l.segment]; g != nil {
		g.live += sign * l.length
	}
}
