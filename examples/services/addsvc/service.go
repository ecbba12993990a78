package addsvc

import (
	"context"
	"math"
)

// sum adds two integers of 32 bits, to one of 32 bits.
func sum(_ context.Context, r SumRequest) (SumReply, error) {
	if r.A == 0 && r.B == 0 {
		return SumReply{}, ErrTwoZeroes
	}
	// Of two that fit, the sum cannot overflow 64 bits.
	if !fits(r.A) || !fits(r.B) || !fits(r.A+r.B) {
		return SumReply{}, ErrOverflow
	}
	return SumReply{V: r.A + r.B}, nil
}

func fits(n int64) bool { return n >= math.MinInt32 && n <= math.MaxInt32 }

// maxSize is the most bytes of a string that concat returns.
const maxSize = 10

// concat puts two strings together.
func concat(_ context.Context, r ConcatRequest) (ConcatReply, error) {
	if len(r.A)+len(r.B) > maxSize {
		return ConcatReply{}, ErrMaxSize
	}
	return ConcatReply{V: r.A + r.B}, nil
}
