package shell

import "github.com/typedkit/endpoint"

// A Receiver delivers the items of a response stream to the loop that ranges over
// it.
type Receiver struct {
	yield     func(any, error) bool
	delivered bool // an item was
	stopped   bool
}

// Item delivers the item that item points to. It returns ErrStopped if the loop
// was left.
func (r *Receiver) Item(item any) error {
	r.delivered = true
	if r.yield(item, nil) {
		return nil
	}
	r.stopped = true
	return endpoint.ErrStopped
}

// hasItem reports whether an item was delivered. A nil Receiver has none.
func (r *Receiver) hasItem() bool { return r != nil && r.delivered }

// Stopped reports whether the loop was left.
func (r *Receiver) Stopped() bool { return r.stopped }

// End ends the stream with err. It does nothing if err is nil or the loop was left.
func (r *Receiver) End(err error) {
	if err != nil && !r.stopped {
		r.yield(nil, err)
	}
}
