// Package fork gives work a Call of its own: work that several calls share, or that
// may run on when the call that started it is over. It is for packages that cannot see
// the inside of a Call.
package fork

import (
	"context"

	"github.com/typedkit/endpoint/internal/mark"
)

// The keys that the functions of this package ask for.
const (
	// ForkKey is answered by a Func.
	ForkKey mark.Key = 128 + iota
	// OriginKey is answered by a pointer to the Call that the context belongs to, or to
	// the one that it is a fork of.
	OriginKey
)

// A Func forks the Calls that ctx belongs to. It returns the context for the work.
type Func func(ctx context.Context) (context.Context, Calls)

// Calls are forks of the Calls of the context that the work was started under. Each
// has copies of the headers of its Call.
type Calls interface {
	// Settle notes what the work set in the replies. It is called once, when the work
	// has ended.
	Settle()
	// Adopt copies what Settle noted to the replies of the Calls that ctx belongs to.
	// It is safe for concurrent use with different Calls.
	Adopt(ctx context.Context)
}

// Of forks the Calls that ctx belongs to, for work that is started under ctx. Without a
// Call it returns ctx and nil. It is called by the goroutine of the call.
func Of(ctx context.Context) (context.Context, Calls) {
	if f, ok := ctx.Value(ForkKey).(Func); ok {
		return f(ctx)
	}
	return ctx, nil
}

// Origin returns the identity of the Call that ctx belongs to, which its forks share.
// It is nil without a Call, and for nothing but comparisons.
func Origin(ctx context.Context) any { return ctx.Value(OriginKey) }
