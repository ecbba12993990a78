package resilience

import "github.com/typedkit/endpoint"

// ErrOutOfCapacity is the error of a call that there is no room for now.
var ErrOutOfCapacity = endpoint.Define(endpoint.Unavailable, "endpoint", "OUT_OF_CAPACITY", "out of capacity")
