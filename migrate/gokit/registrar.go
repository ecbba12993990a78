package gokit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-kit/kit/sd"
	"github.com/go-kit/log"
	"github.com/typedkit/endpoint/discover"
)

// deregisterTime is how long registrars and instancers of go-kit may take to deregister.
const deregisterTime = 5 * time.Second

// awaitKit waits for a call of go-kit that ends with done, as long as it may take. It reports
// whether the call has ended. See decision 207.
func awaitKit(done <-chan struct{}) bool {
	timer := time.NewTimer(deregisterTime)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

// Registrar returns a registrar that registers an instance with a registrar of go-kit, which
// newRegistrar makes for the instance; its error says that the instance can never be
// registered.
//
// Register calls the Register of go-kit's registrar once, and its Deregister when ctx has ended.
// It returns when that has returned, or 5 seconds after the end of ctx: the calls of go-kit
// cannot be cancelled, so one that hangs then goes on by itself. Whether an instance is registered
// again when the registry has lost it is up to go-kit's registrar. Those for etcd, etcd v3
// and ZooKeeper do not do it.
func Registrar(newRegistrar func(in discover.Instance) (sd.Registrar, error)) discover.Registrar {
	return registrar(newRegistrar)
}

type registrar func(in discover.Instance) (sd.Registrar, error)

// Register registers the instance until ctx has ended.
func (r registrar) Register(ctx context.Context, in discover.Instance) error {
	if r == nil {
		return errors.New("gokit: Registrar: the func is nil")
	}
	of, err := r(in)
	if err != nil {
		return fmt.Errorf("gokit: Registrar: %s: %w", in.Addr, err)
	}
	if of == nil {
		return fmt.Errorf("gokit: Registrar: %s: the registrar is nil", in.Addr)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		of.Register()
		<-ctx.Done()
		of.Deregister()
	}()
	<-ctx.Done()
	if !awaitKit(done) {
		return fmt.Errorf("gokit: Registrar: %s may still be registered: its registrar has not returned within %v", in.Addr, deregisterTime)
	}
	return nil
}

// ToRegistrar returns a registrar of go-kit that registers in with r. Register starts a
// goroutine that keeps in registered, and does nothing while there is one. Deregister ends it and
// waits for it; a [discover.Registrar] bounds the time for that. Errors of r go to the logger, which may be nil. A nil r
// is such an error.
func ToRegistrar(r discover.Registrar, in discover.Instance, logger log.Logger) sd.Registrar {
	if logger == nil {
		logger = log.NewNopLogger()
	}
	return &kitRegistrar{r: r, in: in, logger: logger}
}

// kitRegistrar is what ToRegistrar returns.
type kitRegistrar struct {
	r      discover.Registrar
	in     discover.Instance
	logger log.Logger

	mu  sync.Mutex // guards the field below
	end func()     // ends the registration and waits for that; nil without one
}

// Register starts the registration.
func (k *kitRegistrar) Register() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.end != nil {
		return
	}
	if k.r == nil {
		k.report(errors.New("gokit: ToRegistrar: the registrar is nil"))
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := k.r.Register(ctx, k.in); err != nil {
			k.report(err)
		}
	}()
	k.end = func() { cancel(); <-done }
}

// Deregister ends it.
func (k *kitRegistrar) Deregister() {
	k.mu.Lock()
	end := k.end
	k.end = nil
	k.mu.Unlock()
	if end != nil {
		end()
	}
}

func (k *kitRegistrar) report(err error) { _ = k.logger.Log("instance", k.in.Addr, "err", err) }
