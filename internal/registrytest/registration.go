package registrytest

import (
	"context"
	"testing"
	"time"

	"github.com/typedkit/endpoint/discover"
)

// A registration is a Register that runs.
type registration struct {
	t      *testing.T
	addr   string
	cancel context.CancelFunc
	result chan error
	ended  bool
}

// register registers an instance until end, or the end of the test.
func register(t *testing.T, r discover.Registrar, in discover.Instance) *registration {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out := &registration{t: t, addr: in.Addr, cancel: cancel, result: make(chan error, 1)}
	go func() {
		err := r.Register(ctx, in)
		if ctx.Err() == nil {
			t.Errorf("Register of %s returned before its context ended: %v", in.Addr, err)
		}
		out.result <- err
	}()
	t.Cleanup(func() { _ = out.finish() })
	return out
}

// end takes the instance out, which must succeed.
func (r *registration) end() {
	r.t.Helper()
	if err := r.finish(); err != nil {
		r.t.Errorf("Register of %s: %v", r.addr, err)
	}
}

// finish ends Register and returns its error.
func (r *registration) finish() error {
	r.t.Helper()
	if r.ended {
		return nil
	}
	r.ended = true
	r.cancel()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case err := <-r.result:
		return err
	case <-timer.C:
		r.t.Errorf("Register of %s goes on %v after its context has ended", r.addr, patience)
		return nil
	}
}
