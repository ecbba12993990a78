package discover

import (
	"io"
	"time"
	"unsafe"
)

// hot is what picks look at, one cache line if C is one word: cores that call
// other instances do not write where this one's calls look, and with thousands of
// instances a pick misses the cache once.
type hot[C any] struct {
	host
	first member[C] // of the first view
}

// slot is one instance of a pool with its connection. All but hot and conn is
// guarded by the pool's mu.
type slot[C any] struct {
	*hot[C]
	about
	conn C // set before the slot is ready

	early   bool          // of the first set
	ready   bool          // conn is set
	joined  bool          // and was published
	missing bool          // the source does not name it any more
	dropped bool          // not in the pool any more
	place   int           // in Pool.shown, -1 when it gets no calls
	warm    time.Duration // since when it warms up (of the pool's clock), negative when it does not
	misses  int           // failed dials in a row
	retry   *time.Timer   // of the next dial
	eject   ejection
	members []*member[C] // by the number of the view, nil where not needed yet
}

// member is a slot in one view. A pick needs no more than it and the host.
type member[C any] struct {
	Member
	conn C // of the slot
}

// A member begins with its Member, for whatever C.
var _ = [1]struct{}{}[unsafe.Offsetof(member[any]{}.Member)]

// whole returns the member that m is part of. All that tables have are.
func whole[C any](m *Member) *member[C] { return (*member[C])(unsafe.Pointer(m)) }

func (m *member[C]) slot() *slot[C] {
	s, _ := m.host.about.slot.(*slot[C])
	return s
}

func (s *slot[C]) addr() string { return s.instance.Load().Addr }

// close closes what can be closed, and only what a pool itself dialled.
func (p *Pool[C]) close(s *slot[C]) {
	if p.dial == nil {
		return
	}
	if c, ok := any(s.conn).(io.Closer); ok {
		if err := c.Close(); err != nil {
			p.emit(event{kind: "close_failed", addr: s.addr(), err: err})
		}
	}
}
