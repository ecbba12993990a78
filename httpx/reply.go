package httpx

import "slices"

// A replyHeader is a header of a response in the reply.
type replyHeader struct {
	key    string
	placed []string // its values there
	before []string // those that it replaced, or that placed begins with
}

// setReply puts the headers of the response into the reply, so that the layers see them.
// They replace those of the same name. A cookie and Vary are added to them. See
// decision 176.
func (x *exchange) setReply() {
	h := x.w.Header()
	for _, kv := range x.headers {
		i := slices.IndexFunc(x.replied, func(r replyHeader) bool { return r.key == kv.key })
		if i < 0 {
			i = len(x.replied)
			r := replyHeader{key: kv.key, before: h[kv.key]}
			if r.isAdded() {
				r.placed = slices.Clip(r.before)
			}
			x.replied = append(x.replied, r)
		}
		r := &x.replied[i]
		r.placed = append(r.placed, kv.value)
		h[kv.key] = slices.Clip(r.placed)
	}
}

// keepReply sets the headers of the response again where a layer has changed them since.
func (x *exchange) keepReply() {
	h := x.w.Header()
	for i := range x.replied {
		if r := &x.replied[i]; !r.isAdded() && !slices.Equal(h[r.key], r.placed) {
			h[r.key] = r.placed
		}
	}
}

// isAdded reports whether the header was added to others of its name.
func (r *replyHeader) isAdded() bool { return r.key == "Set-Cookie" || r.key == "Vary" }

// dropReply takes the headers of the response out of the reply, because an error is sent
// instead. What a layer has set since then stays.
func (x *exchange) dropReply() {
	h := x.w.Header()
	for _, r := range x.replied {
		now := h[r.key]
		if len(now) < len(r.placed) || !slices.Equal(now[:len(r.placed)], r.placed) {
			continue
		}
		h[r.key] = append(slices.Clip(r.before), now[len(r.placed):]...)
		if len(h[r.key]) == 0 {
			delete(h, r.key)
		}
	}
	x.replied = x.replied[:0]
}
