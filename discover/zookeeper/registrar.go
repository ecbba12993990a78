package zookeeper

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"path"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/internal/backoff"
	"github.com/typedkit/endpoint/internal/record"
)

// removeTime is how long the node of an instance may take to be deleted. The end of the
// session may take another second.
const removeTime = time.Second

var errGone = errors.New("zookeeper: the node of the instance is gone or has changed")

// Register keeps the instance known until ctx ends, as [discover.Registrar] describes, and
// then takes it out within two seconds. Its error is the one of ZooKeeper if that fails; the
// instance then stays known until its session ends, for the time of [TTL]. An instance without
// an address, and one that cannot be written as JSON of 64 KiB, are errors at once.
func (r *Registry) Register(ctx context.Context, in discover.Instance) error {
	if err := r.config.err(); err != nil {
		return err
	}
	data, err := record.Encode(in)
	if err != nil {
		return wrap("Register", err)
	}
	reg := &registration{
		Registry: r, link: r.join(), addr: in.Addr, data: data, node: r.path + "/" + nameOf(in.Addr), free: make(chan struct{}, 1),
	}
	defer r.leave()
	reg.free <- struct{}{}
	var retry backoff.Backoff
	for ctx.Err() == nil {
		err := reg.keep(ctx, &retry)
		if ctx.Err() == nil {
			r.emit("register_failed", in.Addr, err)
			retry.Wait(ctx)
		}
	}
	return reg.remove(context.WithoutCancel(ctx))
}

// maxName is how much of an address is in the name of a node, in bytes.
const maxName = 255

// nameOf returns the name of the node of a registration: no other has it.
func nameOf(addr string) string {
	escaped := url.PathEscape(addr)
	return escaped[:min(len(escaped), maxName)] + "-" + rand.Text()
}

// A registration is an ephemeral node with a name of its own, which stays the same whenever it
// is made anew. A request to make it that is repeated after a lost answer makes nothing twice.
type registration struct {
	*Registry
	link  *link
	addr  string
	node  string
	data  []byte
	asked bool          // ZooKeeper to make the node
	free  chan struct{} // has a value if no request is under way
}

// keep makes the instance known, if it is not, and returns when it may not be known any more.
func (r *registration) keep(ctx context.Context, retry *backoff.Backoff) error {
	now, err := r.link.connected(ctx)
	if err != nil {
		return err
	}
	if err := r.ensure(ctx, now); err != nil {
		return err
	}
	retry.Reset()
	tick := time.NewTicker(r.config.ttl / 3)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-now.ended:
			return errLost
		case <-ctx.Done():
			return ctx.Err()
		}
		known, _, err := r.known(ctx, now)
		if err != nil {
			return err
		}
		if !known {
			return errGone
		}
	}
}

// ensure makes the node if it is not there.
func (r *registration) ensure(ctx context.Context, now *standing) error {
	for {
		known, there, err := r.known(ctx, now)
		if known || err != nil {
			return err
		}
		if there {
			err = r.replace(ctx, now)
		} else {
			err = r.create(ctx, now)
		}
		if err != nil {
			return wrap("the node of the instance", err)
		}
		r.emit("registered", r.addr, nil)
	}
}

// A node is what ZooKeeper says of one.
type node struct {
	data []byte
	stat *zk.Stat
}

// known reports whether the node is there as it should be: with its data, and of this session.
func (r *registration) known(ctx context.Context, now *standing) (known, there bool, err error) {
	n, err := r.ask(ctx, now, func(conn *zk.Conn) (n node, err error) {
		n.data, n.stat, err = conn.Get(r.node)
		return n, err
	})
	switch {
	case errors.Is(err, zk.ErrNoNode):
		return false, false, nil
	case err != nil:
		return false, false, wrap("the node of the instance", err)
	}
	return n.stat.EphemeralOwner == now.conn.SessionID() && bytes.Equal(n.data, r.data), true, nil
}

// replace deletes the node, which is of an earlier session, and makes it anew. Nobody sees it
// missing.
func (r *registration) replace(ctx context.Context, now *standing) error {
	_, err := r.ask(ctx, now, func(conn *zk.Conn) ([]zk.MultiResponse, error) {
		return conn.Multi(&zk.DeleteRequest{Path: r.node, Version: -1},
			&zk.CreateRequest{Path: r.node, Data: r.data, Acl: r.config.acl, Flags: zk.FlagEphemeral})
	})
	return err
}

// create makes the node, and those above it that do not exist.
func (r *registration) create(ctx context.Context, now *standing) error {
	r.asked = true
	err := r.make(ctx, now, r.node, r.data, zk.FlagEphemeral)
	if !errors.Is(err, zk.ErrNoNode) {
		return err
	}
	if err := r.parents(ctx, now, r.path); err != nil {
		return err
	}
	return r.make(ctx, now, r.node, r.data, zk.FlagEphemeral)
}

// parents makes the node at p, and those above it that do not exist. It begins at the lowest
// one, because a client need not have a right to those above.
func (r *registration) parents(ctx context.Context, now *standing, p string) error {
	var missing []string
	for {
		err := r.make(ctx, now, p, nil, 0)
		if errors.Is(err, zk.ErrNoNode) && p != "/" {
			missing = append(missing, p)
			p = path.Dir(p)
			continue
		}
		if err != nil {
			return err
		}
		if len(missing) == 0 {
			return nil
		}
		p, missing = missing[len(missing)-1], missing[:len(missing)-1]
	}
}

// make makes a node, unless it exists.
func (r *registration) make(ctx context.Context, now *standing, p string, data []byte, flags int32) error {
	_, err := r.ask(ctx, now, func(conn *zk.Conn) (string, error) { return conn.Create(p, data, flags, r.config.acl) })
	if errors.Is(err, zk.ErrNodeExists) {
		return nil
	}
	return err
}

// remove takes the instance out.
func (r *registration) remove(ctx context.Context) error {
	if !r.asked {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, removeTime)
	defer cancel()
	var retry backoff.Backoff
	for {
		err := r.delete(ctx)
		if err == nil || errors.Is(err, zk.ErrNoNode) {
			return nil
		}
		retry.Wait(ctx)
		if ctx.Err() != nil {
			return fmt.Errorf("zookeeper: the instance %s may be known for %v: %w", r.addr, r.config.ttl, err)
		}
	}
}

func (r *registration) delete(ctx context.Context) error {
	now, err := r.link.connected(ctx)
	if err != nil {
		return err
	}
	_, err = r.ask(ctx, now, func(conn *zk.Conn) (struct{}, error) { return struct{}{}, conn.Delete(r.node, -1) })
	return err
}

// ask makes a request once the one before is over, even if its answer was not awaited: a node
// must not be made after it was deleted.
func (r *registration) ask[T any](ctx context.Context, now *standing, request func(conn *zk.Conn) (T, error)) (T, error) {
	var none T
	select {
	case <-r.free:
	case <-now.ended:
		return none, errLost
	case <-ctx.Done():
		return none, ctx.Err()
	}
	return r.link.ask(ctx, now, request, func() { r.free <- struct{}{} })
}
