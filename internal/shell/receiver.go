package shell

import "github.com/typedkit/endpoint"

// A Receiver delivers the items of a response stream to the loop that ranges over
// it.
type Receiver struct {
	yield   func(any, error) bool
	stopped bool
}

// Item delivers the item that item points to. Its error is ErrStopped when the
// loop wants no more.
func (r *Receiver) Item(item any) error {
	if r.yield(item, nil) {
		return nil
	}
	r.stopped = true
	return endpoint.ErrStopped
}

// Stopped reports whether the loop wants no more.
func (r *Receiver) Stopped() bool { return r.stopped }

// End ends the stream with err, if that is not nil and the loop still listens.
func (r *Receiver) End(err error) {
	if err != nil && !r.stopped {
		r.yield(nil, err)
	}
}
