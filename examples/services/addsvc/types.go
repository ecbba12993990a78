package addsvc

// SumRequest asks for A + B. Names are compared without case, because clients of
// go-kit's service send "A" and "B".
type SumRequest struct {
	A int64 `json:"a,case:ignore"`
	B int64 `json:"b,case:ignore"`
}

// SumReply is the sum.
type SumReply struct {
	V int64 `json:"v"`
}

// ConcatRequest asks for A and B in one. Its names are as in SumRequest.
type ConcatRequest struct {
	A string `json:"a,case:ignore"`
	B string `json:"b,case:ignore"`
}

// ConcatReply is both in one.
type ConcatReply struct {
	V string `json:"v"`
}
