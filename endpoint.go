package endpoint

import "context"

// An Endpoint is one remote procedure. Req is the type of its request and Resp
// the type of its response; either may be a [Stream].
//
// On a server it is the implementation, on a client it is the call. An
// Endpoint must be safe for concurrent use, as must everything around it. When
// err is not nil, the response means nothing.
type Endpoint[Req, Resp any] func(ctx context.Context, req Req) (Resp, error)

// Empty is a request or a response without content.
type Empty struct{}
