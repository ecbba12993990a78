package layerguide

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/typedkit/endpoint"
)

// snippet: type

// A TenantLimit bounds how many calls of one tenant run at the same time, so that
// a tenant with many slow calls cannot take the whole server. A call takes a place
// when it starts and gives it back when it ends; a stream ends when its loop does.
// A call that finds no free place is rejected with [ErrTenantBusy]. No call waits.
//
// The tenant is the Principal of the call being served; see [TenantFrom]. All calls
// without a tenant count as one tenant. All operations share the places of a
// tenant. A call takes one place; see [Weight]. With Wrap it always takes one.
//
// The zero TenantLimit rejects every call; make one with [NewTenantLimit]. It keeps
// only tenants that are suspended or have calls in progress. A call costs no
// allocation. A TenantLimit is safe for concurrent use.
type TenantLimit struct {
	limit    int // the four fields up to faults are read-only after NewTenantLimit
	tenantOf func(ctx context.Context) string
	weightOf func(op *endpoint.Operation) int
	faults   error

	mu    sync.Mutex // guards the fields below
	rowOf map[string]int64
	rows  []row   // each has a tenant, its used places, and whether it is suspended
	free  []int64 // rows without a tenant
}

// end snippet

type row struct {
	tenant    string
	used      int
	suspended bool
}

// snippet: options

// A TenantOption is an option of [NewTenantLimit].
type TenantOption func(l *TenantLimit) error

// Weight sets the function that returns how many places a call of an operation
// takes, from 0, which is no limit, to the limit. The default is 1. A nil function
// is a fault. A later Weight replaces an earlier one.
func Weight(weight func(op *endpoint.Operation) int) TenantOption {
	return func(l *TenantLimit) error {
		l.weightOf = weight
		if weight == nil {
			return errors.New("layerguide: Weight: the function is nil")
		}
		return nil
	}
}

// end snippet

// TenantFrom sets the function that returns the tenant of a call, which must be
// safe for concurrent use. The default is the Principal of the call that is being
// served. A nil function is a fault. A later TenantFrom replaces an earlier one.
func TenantFrom(tenant func(ctx context.Context) string) TenantOption {
	return func(l *TenantLimit) error {
		l.tenantOf = tenant
		if tenant == nil {
			return errors.New("layerguide: TenantFrom: the function is nil")
		}
		return nil
	}
}

// snippet: new

// NewTenantLimit returns a TenantLimit with n places for each tenant; n must be
// positive.
func NewTenantLimit(n int, opts ...TenantOption) *TenantLimit {
	l := &TenantLimit{limit: n}
	var faults []error
	if n < 1 {
		faults = append(faults, fmt.Errorf("layerguide: NewTenantLimit: the limit is %d, want at least 1", n))
	}
	for i, set := range opts {
		if set == nil {
			faults = append(faults, fmt.Errorf("layerguide: NewTenantLimit: option %d is nil", i))
			continue
		}
		faults = append(faults, set(l))
	}
	l.faults = errors.Join(faults...)
	return l
}

// Err returns the faults of the construction, or nil.
func (l *TenantLimit) Err() error {
	if l == nil || l.limit == 0 && l.faults == nil {
		return errors.New("layerguide: TenantLimit: make it with NewTenantLimit")
	}
	return l.faults
}

// end snippet

// snippet: methods

// Enter takes a place of the tenant or rejects the call.
func (l *TenantLimit) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	n, err := l.acquire(ctx, 1)
	return ctx, endpoint.Token{N: n}, err
}

// Exit gives the place back.
func (l *TenantLimit) Exit(_ context.Context, t endpoint.Token, err error) error {
	l.release(t.N, 1)
	return err
}

// end snippet

// snippet: for

// For returns the layer of an operation, which knows its weight.
func (l *TenantLimit) For(op *endpoint.Operation) endpoint.Layer {
	w := &weighted{TenantLimit: l, op: op, weight: 1}
	if l.weightOf != nil {
		w.weight = l.weightOf(op)
	}
	if w.weight == 0 {
		return nil
	}
	return w
}

// weighted is a TenantLimit for one operation.
type weighted struct {
	*TenantLimit // for Item
	op           *endpoint.Operation
	weight       int
}

func (w *weighted) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	n, err := w.acquire(ctx, w.weight)
	return ctx, endpoint.Token{N: n}, err
}

func (w *weighted) Exit(_ context.Context, t endpoint.Token, err error) error {
	w.release(t.N, w.weight)
	return err
}

// end snippet

// snippet: item

// Item ends the streams of a tenant that was suspended after they started.
func (l *TenantLimit) Item(_ context.Context, t endpoint.Token) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rows[t.N].suspended {
		return ErrTenantSuspended
	}
	return nil
}

// end snippet

// Err reports a weight that does not fit the limit.
func (w *weighted) Err() error {
	if w.weight < 1 || w.weight > w.limit {
		return fmt.Errorf("layerguide: Weight: the weight of %s.%s is %d, want 0 to %d", w.op.Service, w.op.Name, w.weight, w.limit)
	}
	return nil
}

// Suspend rejects all further calls of the tenant with [ErrTenantSuspended], and
// ends each of its streams at the next item.
func (l *TenantLimit) Suspend(tenant string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows[l.find(tenant)].suspended = true
}

// Resume takes back Suspend.
func (l *TenantLimit) Resume(tenant string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.find(tenant)
	l.rows[n].suspended = false
	l.prune(n)
}

// snippet: wrap

// Wrap returns next limited by l alone. Req and Resp are those of next.
func (l *TenantLimit) Wrap[Req, Resp any](next endpoint.Endpoint[Req, Resp]) endpoint.Endpoint[Req, Resp] {
	return endpoint.Stack{l}.Wrap(next)
}

// end snippet

// acquire takes weight places of the tenant of ctx and returns the tenant's row,
// which is the tenant's until they are released.
func (l *TenantLimit) acquire(ctx context.Context, weight int) (int64, error) {
	tenant := l.tenant(ctx) // a function of the user, so without the lock
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.find(tenant)
	defer l.prune(n)
	r := &l.rows[n]
	switch {
	case r.suspended:
		return n, ErrTenantSuspended
	case weight > l.limit-r.used:
		return n, ErrTenantBusy
	}
	r.used += weight
	return n, nil
}

func (l *TenantLimit) tenant(ctx context.Context) string {
	if l.tenantOf != nil {
		return l.tenantOf(ctx)
	}
	return endpoint.Incoming(ctx).Principal()
}

// release gives weight places of row n back.
func (l *TenantLimit) release(n int64, weight int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows[n].used -= weight
	l.prune(n)
}

// find returns the row of the tenant. It makes one if there is none. l.mu is held.
func (l *TenantLimit) find(tenant string) int64 {
	n, ok := l.rowOf[tenant]
	if ok {
		return n
	}
	if last := len(l.free) - 1; last >= 0 {
		n, l.free = l.free[last], l.free[:last]
		l.rows[n].tenant = tenant
	} else {
		n = int64(len(l.rows))
		l.rows = append(l.rows, row{tenant: tenant})
	}
	if l.rowOf == nil {
		l.rowOf = map[string]int64{}
	}
	l.rowOf[tenant] = n
	return n
}

// prune frees row n if its tenant has no call in progress and is not suspended.
// l.mu is held.
func (l *TenantLimit) prune(n int64) {
	if r := &l.rows[n]; r.used == 0 && !r.suspended {
		delete(l.rowOf, r.tenant)
		*r = row{}
		l.free = append(l.free, n)
	}
}
