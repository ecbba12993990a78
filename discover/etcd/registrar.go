package etcd

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/typedkit/endpoint/discover"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
)

// Register keeps the instance known until ctx ends, as [discover.Registrar] describes, and
// then takes it out within two seconds. Its error is the one of etcd if that fails; the
// instance then stays known until its lease ends, for the time of [TTL]. An instance without
// an address, and one that cannot be written as JSON of 64 KiB, are errors at once.
func (r *Registry) Register(ctx context.Context, in discover.Instance) error {
	if err := r.config.err(); err != nil {
		return err
	}
	value, err := encode(in)
	if err != nil {
		return err
	}
	id := rand.Int64N(1<<62) + 1
	reg := &registration{Registry: r, addr: in.Addr, key: fmt.Appendf(nil, "%s/%s/%x", r.prefix, in.Addr, id), value: value, lease: id}
	for ctx.Err() == nil {
		err := reg.keep(ctx)
		if errors.Is(err, errClosed) {
			return err
		}
		if ctx.Err() == nil {
			reg.failed(err)
			reg.pause.wait(ctx, r)
		}
	}
	return reg.remove(context.WithoutCancel(ctx))
}

// A registration is a key with a lease, both with the same number whenever they are made
// anew: a request that is repeated, or that etcd carries out late, leaves nothing behind.
type registration struct {
	*Registry
	addr       string
	key, value []byte
	lease      int64
	asked      bool   // for the lease: etcd may know it
	granted    bool   // the lease
	known      bool   // was told of
	told       string // the last failure
	pause      pause
}

// keep makes the instance known, if it is not, and keeps it known as long as it can.
func (r *registration) keep(ctx context.Context) error {
	if err := r.connected(ctx); err != nil {
		return err
	}
	known, err := r.exists(ctx, false)
	if err != nil {
		return err
	}
	if !known {
		if err := r.put(ctx); err != nil {
			return wrap("the instance", err)
		}
		r.known = false
	}
	return r.hold(ctx)
}

// succeeded tells, once, that the instance is known.
func (r *registration) succeeded() {
	r.pause.reset()
	if !r.known {
		r.emit("registered", r.addr, nil)
	}
	r.known, r.told = true, ""
}

// failed tells why the instance may not be known, unless it was told before.
func (r *registration) failed(err error) {
	if text := err.Error(); text != r.told {
		r.emit("register_failed", r.addr, err)
		r.known, r.told = false, text
	}
}

// exists reports whether etcd has the key, and so its lease. If soon, the member that is
// asked may be a little behind the others.
func (r *registration) exists(ctx context.Context, soon bool) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, r.pause.patience())
	defer cancel()
	resp, err := pb.NewKVClient(r.conn).Range(ctx, &pb.RangeRequest{Key: r.key, CountOnly: true, Serializable: soon})
	if err != nil {
		return false, wrap("the key of the instance", err)
	}
	return resp.Count == 1, nil
}

// put writes the key, and makes the lease if etcd does not have it.
func (r *registration) put(ctx context.Context) error {
	if r.granted {
		err := r.write(ctx)
		if !errors.Is(rpctypes.Error(err), rpctypes.ErrLeaseNotFound) {
			return err
		}
		r.granted = false
	}
	if err := r.grant(ctx); err != nil {
		return err
	}
	return r.write(ctx)
}

// write writes the key.
func (r *registration) write(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, r.pause.patience())
	defer cancel()
	_, err := pb.NewKVClient(r.conn).Put(ctx, &pb.PutRequest{Key: r.key, Value: r.value, Lease: r.lease})
	return err
}

// grant makes the lease.
func (r *registration) grant(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, r.pause.patience())
	defer cancel()
	r.asked = true
	seconds := int64(r.config.ttl / time.Second)
	_, err := pb.NewLeaseClient(r.conn).LeaseGrant(ctx, &pb.LeaseGrantRequest{TTL: seconds, ID: r.lease})
	if err != nil && !errors.Is(rpctypes.Error(err), rpctypes.ErrLeaseExist) {
		return err
	}
	r.granted = true
	return nil
}

// remove takes the instance out, with its lease.
func (r *registration) remove(ctx context.Context) error {
	if !r.asked {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, removeTime)
	defer cancel()
	for {
		err := r.revoke(ctx)
		if err == nil {
			return nil
		}
		r.pause.wait(ctx, r.Registry)
		if ctx.Err() != nil {
			return fmt.Errorf("etcd: the instance %s may be known for %v: %w", r.addr, r.config.ttl, err)
		}
	}
}

func (r *registration) revoke(ctx context.Context) error {
	if err := r.connected(ctx); err != nil {
		return err
	}
	_, err := pb.NewLeaseClient(r.conn).LeaseRevoke(ctx, &pb.LeaseRevokeRequest{ID: r.lease})
	if err != nil && !errors.Is(rpctypes.Error(err), rpctypes.ErrLeaseNotFound) {
		return wrap("the end of the lease", err)
	}
	return nil
}
