package endpoint

import "context"

// A CallWriter is a [Call] as its transport sees it: it sets what layers read from
// the Call. [StartCall] returns one. Each attempt of a repeated call has a Call of its
// own, whose writer a transport gets by a conversion:
//
//	w := (*endpoint.CallWriter)(endpoint.CallFrom(ctx))
//
// All methods are safe on a nil CallWriter. A transport calls them before it passes
// the call on, or after the call has returned. For authors of transports.
type CallWriter Call

// SetPeer sets the address of the other side.
func (w *CallWriter) SetPeer(addr string) {
	if w != nil {
		w.peer = addr
	}
}

// SetReply sets the view of the response's metadata.
func (w *CallWriter) SetReply(h Header) {
	if w != nil {
		w.reply = h
	}
}

// SetStatus sets the transport's status. A server sets the status of a success,
// before the layers' Exit. A client sets the status that it received.
func (w *CallWriter) SetStatus(status int) {
	if w != nil {
		w.status = int32(status) //nolint:gosec // a status has three digits
	}
}

// AddBytes adds to the sizes of the request and of the response on the wire. It is
// safe for concurrent use: items of a stream may be counted on another goroutine
// than the call's, even after the call has ended.
func (w *CallWriter) AddBytes(request, response int64) {
	if w == nil {
		return
	}
	if request != 0 {
		w.requestBytes.Add(request)
	}
	if response != 0 {
		w.responseBytes.Add(response)
	}
}

// AddHeaders adds to the request's header what the client's layers set by
// [WithHeader] in ctx since the call started. A transport calls it just before it
// sends the request. Its error has the code [InvalidArgument].
func (w *CallWriter) AddHeaders(ctx context.Context) error {
	if w == nil {
		return nil
	}
	return (*Call)(w).addHeaders(ctx)
}
