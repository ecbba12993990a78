package consul

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
)

// settleTime is the time after an outage; see discover.Settled.
const settleTime = 5 * time.Second

// A Registry is the instances of one service in Consul: a [discover.Source] of them, and a
// [discover.Registrar] that adds to them. It is made by [New] or [Parse], and safe for
// concurrent use.
//
// While Consul is away, the set stays as it was. Afterwards instances register again within
// two seconds, even if the agent has lost its data, and those that were known before the outage
// stay in the set for five seconds in any case.
type Registry struct {
	client  *api.Client
	service string
	config  config
	close   func() // of the client that Parse has made, nil if it is the user's
	line    *line

	registered atomic.Int64 // instances that Register keeps known
}

// New returns the registry of the service with this name. A nil client, an empty name and one
// with characters that do not fit into a path are faults. Watch yields all faults, joined, as
// its only error, and Register returns them.
func New(client *api.Client, service string, opts ...Option) *Registry {
	r := &Registry{client: client, service: service, config: newConfig("New", opts), line: newLine()}
	if client == nil {
		r.config.fault("New: the client is nil")
	}
	if service == "" || url.PathEscape(service) != service {
		r.config.fault("New: the service %q is not a name of letters, digits, dots and dashes", service)
	}
	return r
}

// Close closes the idle connections of the client that [Parse] has made. It does nothing to
// the client of [New].
func (r *Registry) Close() error {
	if r.close != nil {
		r.close()
	}
	return nil
}

// Watch yields the instances, as [discover.Source] describes. It waits for changes by Consul's
// blocking queries, one after the other, at most ten in a second and fewer if there are many
// instances. Consul counts as away if it does not answer, and if it may have lost data: its
// index goes backwards, or instances are missing within five seconds after a connection to it
// was lost.
func (r *Registry) Watch(ctx context.Context) iter.Seq2[[]discover.Instance, error] {
	return discover.Settled(discover.SourceFunc(r.follow), settleTime).Watch(ctx)
}

// emit passes an event to the OnEvent callback, if there is one.
func (r *Registry) emit(kind, detail string, err error) {
	if r.config.onEvent != nil {
		r.config.onEvent(context.Background(), endpoint.Event{Source: "consul", Name: r.service, Kind: kind, Detail: detail, Err: err})
	}
}

// maxText is how much of a text of Consul's goes into an event or an error.
const maxText = 256

// bounded returns the start of a text in printable form.
func bounded(text string) string {
	quoted := fmt.Sprintf("%q", text[:min(len(text), maxText)])
	return quoted[1 : len(quoted)-1]
}

// wrap returns an error of a request with what was asked.
func wrap(what string, err error) error {
	if status, ok := errors.AsType[api.StatusError](err); ok {
		status.Body = bounded(status.Body)
		err = status
	}
	return fmt.Errorf("consul: %s: %w", what, err)
}

// hasStatus reports whether err is a response with this status.
func hasStatus(err error, code int) bool {
	status, ok := errors.AsType[api.StatusError](err)
	return ok && status.Code == code
}
