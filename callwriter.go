package endpoint

import "context"

// A CallWriter is a [Call] as its transport sees it: it sets what the Call tells
// the layers. [StartCall] returns one. The attempts of a repeated call have Calls
// of their own; a transport gets the writer of one by a conversion:
//
//	w := (*endpoint.CallWriter)(endpoint.CallFrom(ctx))
//
// All methods are safe on a nil CallWriter. What they set is set before the call
// is passed on, or after it came back. For authors of transports.
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

// SetStatus sets the transport's status: on a server that of a success, before
// the layers' Exit; on a client the one that came back.
func (w *CallWriter) SetStatus(status int) {
	if w != nil {
		w.status = int32(status) //nolint:gosec // a status has three digits
	}
}

// AddBytes adds to the sizes of the request and of the response on the wire.
func (w *CallWriter) AddBytes(request, response int64) {
	if w != nil {
		w.requestBytes += request
		w.responseBytes += response
	}
}

// AddHeaders adds to the header of the request what [WithHeader] left in ctx
// since the call started, which is what the client's layers added. A transport
// calls it when the request leaves. Its error has the code [InvalidArgument].
func (w *CallWriter) AddHeaders(ctx context.Context) error {
	if w == nil {
		return nil
	}
	return (*Call)(w).addHeaders(ctx)
}
