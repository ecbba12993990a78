package gokit_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/kit/sd"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/discovertest"
	"github.com/typedkit/endpoint/migrate/gokit"
)

// kitRegistrar is a registrar of go-kit, of one address in a registry.
type kitRegistrar struct {
	r    *registry
	addr string
}

func (k kitRegistrar) Register() { k.r.update(func() { k.r.addrs = append(k.r.addrs, k.addr) }) }

func (k kitRegistrar) Deregister() {
	k.r.update(func() {
		k.r.addrs = slices.DeleteFunc(k.r.addrs, func(a string) bool { return a == k.addr })
	})
}

func TestRegistrar(t *testing.T) {
	t.Parallel()
	discovertest.Registrar(t, func(*testing.T) discovertest.RegistrarKit {
		r := &registry{}
		return discovertest.RegistrarKit{
			Registrar: gokit.Registrar(func(in discover.Instance) (sd.Registrar, error) { return kitRegistrar{r, in.Addr}, nil }),
			Source:    gokit.Source(r),
		}
	})
}

// TestRegistrarThereAndBack has what go-kit makes of a registrar of ours pass the same tests.
func TestRegistrarThereAndBack(t *testing.T) {
	t.Parallel()
	discovertest.Registrar(t, func(*testing.T) discovertest.RegistrarKit {
		r := &registry{}
		of := gokit.Registrar(func(in discover.Instance) (sd.Registrar, error) { return kitRegistrar{r, in.Addr}, nil })
		return discovertest.RegistrarKit{
			Registrar: gokit.Registrar(func(in discover.Instance) (sd.Registrar, error) { return gokit.ToRegistrar(of, in, nil), nil }),
			Source:    gokit.Source(r),
		}
	})
}

func TestRegistrarFaults(t *testing.T) {
	t.Parallel()
	bad := errors.New("bad")
	in := discover.Instance{Addr: "a:1"}
	for want, newRegistrar := range map[string]func(discover.Instance) (sd.Registrar, error){
		"the func is nil":           nil,
		"a:1: bad":                  func(discover.Instance) (sd.Registrar, error) { return nil, bad },
		"a:1: the registrar is nil": func(discover.Instance) (sd.Registrar, error) { return nil, nil }, //nolint:nilnil // that is the fault
	} {
		require.ErrorContains(t, gokit.Registrar(newRegistrar).Register(t.Context(), in), want)
	}
}

// hung is a registrar of go-kit whose registry does not answer.
type hung struct{ until chan struct{} }

func (h hung) Register()   { <-h.until }
func (h hung) Deregister() {}

func TestRegistrarHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := hung{make(chan struct{})}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		err := gokit.Registrar(func(discover.Instance) (sd.Registrar, error) { return h, nil }).Register(ctx, discover.Instance{Addr: "a:1"})
		require.ErrorContains(t, err, "a:1 may still be registered")
		require.Equal(t, 6*time.Second, time.Since(begun))
		close(h.until)
	})
}

// recorded is a registrar of ours that counts.
type recorded struct{ active, begun int }

func (r *recorded) Register(ctx context.Context, in discover.Instance) error {
	r.active++
	r.begun++
	<-ctx.Done()
	r.active--
	return errors.New(in.Addr + " may still be known")
}

func TestToRegistrar(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		r := &recorded{}
		k := gokit.ToRegistrar(r, discover.Instance{Addr: "a:1"}, gokit.Logger(text(&out, slog.LevelInfo)))
		k.Deregister()
		k.Register()
		k.Register()
		synctest.Wait()
		require.Equal(t, recorded{active: 1, begun: 1}, *r)
		k.Deregister()
		require.Zero(t, r.active)
		require.Equal(t, "level=INFO msg=\"\" instance=a:1 err=\"a:1 may still be known\"\n", out.String())
		k.Register()
		synctest.Wait()
		require.Equal(t, recorded{active: 1, begun: 2}, *r)
		k.Deregister()

		out.Reset()
		k = gokit.ToRegistrar(nil, discover.Instance{Addr: "a:1"}, gokit.Logger(text(&out, slog.LevelInfo)))
		k.Register()
		k.Deregister()
		require.Contains(t, out.String(), "the registrar is nil")
	})
}
