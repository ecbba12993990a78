package etcd

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
)

// settleTime is how long the instances of before an outage stay; see discover.Settled.
const settleTime = 5 * time.Second

// A Registry is the instances of one service in etcd: a [discover.Source] of them, and a
// [discover.Registrar] that adds to them. It is made by [New] or [Parse], and safe for
// concurrent use.
//
// While etcd is away, the set stays as it was. Afterwards instances register again within
// two seconds, even if etcd has lost its data, and those that were known before the outage
// stay in the set for five seconds in any case.
type Registry struct {
	conn   *grpc.ClientConn
	prefix string // without the slash at its end
	config config
	client *clientv3.Client // that Close closes, nil if it is the user's

	mu          sync.Mutex // guards the field below
	reconnected time.Time
}

// New returns the registry of the service whose keys begin with prefix and a slash, such as
// "/services/rooms". The client must stay open while the registry is in use. A nil client and
// an empty prefix are faults. Watch yields all faults, joined, as its only error, and
// Register returns them.
func New(client *clientv3.Client, prefix string, opts ...Option) *Registry {
	r := &Registry{prefix: strings.TrimRight(prefix, "/"), config: newConfig("New", opts)}
	if r.prefix == "" {
		r.config.fault("New: the prefix %q names no service", prefix)
	}
	if client == nil {
		r.config.fault("New: the client is nil")
		return r
	}
	if r.conn = client.ActiveConnection(); r.conn == nil {
		r.config.fault("New: the client has no connection; it must come from clientv3.New")
	}
	return r
}

// Close closes the client that [Parse] has made. It does nothing to the client of [New].
func (r *Registry) Close() error {
	if r.client == nil {
		return nil
	}
	return r.client.Close()
}

// Watch yields the instances, as [discover.Source] describes. It lists them and follows the
// changes from there, and lists them again after any doubt: when the connection broke, when
// etcd has compacted what is missing, and when it was silent. An etcd member without a
// leader counts as away.
func (r *Registry) Watch(ctx context.Context) iter.Seq2[[]discover.Instance, error] {
	return discover.Settled(discover.SourceFunc(r.follow), settleTime).Watch(ctx)
}

// silence returns how long etcd may say nothing until it counts as away.
func (r *Registry) silence() time.Duration { return max(r.config.ttl/2, 2*time.Second) }

// emit passes an event to the OnEvent callback, if there is one.
func (r *Registry) emit(kind, detail string, err error) {
	if r.config.onEvent != nil {
		r.config.onEvent(context.Background(), endpoint.Event{Source: "etcd", Name: r.prefix, Kind: kind, Detail: detail, Err: err})
	}
}

// errClosed is the error of a registry whose client is closed: it can never answer again.
var errClosed = errors.New("etcd: the client is closed")

// wrap returns an error of a request with what was asked.
func wrap(what string, err error) error { return fmt.Errorf("etcd: %s: %w", what, err) }
