package zookeeper

import (
	"context"
	"fmt"
	"iter"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
)

// settleTime is how long the instances of before an outage stay; see discover.Settled.
const settleTime = 5 * time.Second

// A Registry is the instances of one service in ZooKeeper: a [discover.Source] of them, and a
// [discover.Registrar] that adds to them. It is made by [New] or [Parse], and safe for
// concurrent use. It is connected while a Watch or a Register runs: each Watch has a session
// of its own, and all calls of Register share one.
//
// While ZooKeeper is away, the set stays as it was. Afterwards instances register again within
// two seconds, even if ZooKeeper has lost its data, and those that were known before the outage
// stay in the set for five seconds in any case.
type Registry struct {
	servers []string
	path    string
	config  config

	mu     sync.Mutex // guards the fields below
	shared *link      // of the registrations, nil without any
	users  int        // of shared
}

// New returns the registry of the service whose instances are the children of the node at
// path, such as "/services/rooms", in the ensemble with these servers, each of the form
// host:port. The path is the whole one: if other clients have a chroot, it begins with that.
// No servers, malformed ones and a malformed path are faults. Watch yields all faults, joined,
// as its only error, and Register returns them.
func New(servers []string, path string, opts ...Option) *Registry {
	r := &Registry{servers: slices.Clone(servers), path: strings.TrimRight(path, "/"), config: newConfig("New", opts)}
	if len(servers) == 0 {
		r.config.fault("New: there are no servers")
	}
	for _, server := range servers {
		if !isAddress(server) {
			r.config.fault("New: the server %q is not of the form host:port", server)
		}
	}
	if !isPath(r.path) {
		r.config.fault("New: the path %q is not of the form /node/node", path)
	}
	return r
}

// isAddress reports whether a text is of the form host:port.
func isAddress(text string) bool {
	host, port, err := net.SplitHostPort(text)
	return err == nil && host != "" && port != ""
}

// isPath reports whether ZooKeeper allows a path.
func isPath(path string) bool {
	if !strings.HasPrefix(path, "/") || !utf8.ValidString(path) {
		return false
	}
	for name := range strings.SplitSeq(path[1:], "/") {
		if name == "" || name == "." || name == ".." || strings.ContainsFunc(name, isForbidden) {
			return false
		}
	}
	return true
}

// isForbidden reports whether ZooKeeper does not allow a character in a path.
func isForbidden(c rune) bool {
	return unicode.IsControl(c) || c >= 0xd800 && c <= 0xf8ff || c >= 0xfff0 && c <= 0xffff
}

// Watch yields the instances, as [discover.Source] describes. It reads the children of the
// node and their data, and again what the watches of ZooKeeper say has changed. It reads all
// of it again when a connection broke. If the node does not exist, the set is empty. A server
// without a quorum counts as away.
func (r *Registry) Watch(ctx context.Context) iter.Seq2[[]discover.Instance, error] {
	return discover.Settled(discover.SourceFunc(r.follow), settleTime).Watch(ctx)
}

// join returns the link of the registrations, for a new one.
func (r *Registry) join() *link {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.users == 0 {
		r.shared = r.open(nil)
	}
	r.users++
	return r.shared
}

// leave ends what join began. The last registration closes the link.
func (r *Registry) leave() {
	r.mu.Lock()
	last := r.shared
	if r.users--; r.users > 0 {
		r.mu.Unlock()
		return
	}
	r.shared = nil
	r.mu.Unlock()
	last.close()
}

// emit passes an event to the OnEvent callback, if there is one.
func (r *Registry) emit(kind, detail string, err error) {
	if r.config.onEvent != nil {
		r.config.onEvent(context.Background(), endpoint.Event{Source: "zookeeper", Name: r.path, Kind: kind, Detail: detail, Err: err})
	}
}

// wrap returns an error of a request with what was asked.
func wrap(what string, err error) error { return fmt.Errorf("zookeeper: %s: %w", what, err) }
