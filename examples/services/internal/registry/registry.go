// Package registry has the flags that the programs share: the URL of a registry, and where
// the instances of a service are.
package registry

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"iter"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/discover/consul"
	"github.com/typedkit/endpoint/discover/etcd"
	"github.com/typedkit/endpoint/discover/zookeeper"
	"github.com/typedkit/endpoint/server"
)

// A Flag has the URL of a registry. Without one, nothing is registered.
type Flag struct{ url string }

// Var defines the flag -registry. A malformed URL, an unknown scheme and a second registry
// fail when the flags are parsed, with the name of the flag.
func Var(flags *flag.FlagSet) *Flag {
	f := new(Flag)
	flags.Var(f, "registry", "`URL` of the registry: etcd://host:port[,host:port][/prefix], consul://host:port or zk://host:port[,host:port][/path]")
	return f
}

// String returns the URL.
func (f *Flag) String() string { return f.url }

// Set sets the URL, unless it is empty.
func (f *Flag) Set(url string) error {
	if url == "" {
		return nil
	}
	if f.url != "" {
		return errors.New("there is a registry already: " + f.url)
	}
	r, err := open(url, "any", nil)
	if err != nil {
		return err
	}
	f.url = url
	return r.Close()
}

// Register returns the option that registers a listener of s under the name of a service;
// none without a registry.
func (f *Flag) Register(s *server.Server, service string) []server.ListenOption {
	if f.url == "" {
		return nil
	}
	return []server.ListenOption{server.Register(f.service(s, service))}
}

// service returns the registry of a service. s gets its events, and closes it.
func (f *Flag) service(s *server.Server, name string) registry {
	r, err := open(f.url, name, s.Event)
	if err != nil {
		return failed{err} // but Set has tried it
	}
	s.Add(server.Close("registry of "+name, r.Close))
	return r
}

// A registry has the instances of one service.
type registry interface {
	discover.Source
	discover.Registrar
	Close() error
}

// snippet: open

// open returns the registry of a service by the scheme of a URL.
func open(url, service string, events func(context.Context, endpoint.Event)) (registry, error) {
	switch scheme, _, _ := strings.Cut(url, "://"); scheme {
	case "etcd":
		return etcd.Parse(url, service, etcd.OnEvent(events))
	case "consul":
		return consul.Parse(url, service, consul.OnEvent(events))
	case "zk":
		r, err := zookeeper.Parse(url, service, zookeeper.OnEvent(events))
		return unclosed{r}, err
	}
	return nil, fmt.Errorf("%q begins with none of etcd://, consul:// and zk://", url)
}

// end snippet

// unclosed is a registry that has nothing to close.
type unclosed struct{ *zookeeper.Registry }

// Close does nothing.
func (unclosed) Close() error { return nil }

// failed is a registry that could not be opened.
type failed struct{ err error }

// Watch yields the error.
func (f failed) Watch(context.Context) iter.Seq2[[]discover.Instance, error] {
	return func(yield func([]discover.Instance, error) bool) { yield(nil, f.err) }
}

// Register returns the error.
func (f failed) Register(context.Context, discover.Instance) error { return f.err }

// Close does nothing.
func (failed) Close() error { return nil }
