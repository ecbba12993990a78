package registry

import (
	"flag"
	"fmt"
	"net"
	"strings"

	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/server"
)

// Instances says where the instances of a service are.
type Instances struct {
	addrs      []string
	inRegistry bool
}

// InstancesVar defines a flag for addresses with commas between them, or the word "registry"
// for the instances in the registry. A malformed address fails when the flags are parsed,
// with the name of the flag.
func InstancesVar(flags *flag.FlagSet, name, value, usage string) *Instances {
	in := &Instances{inRegistry: value == word}
	flags.Var(in, name, usage)
	return in
}

// word stands for the instances in the registry.
const word = "registry"

// String returns the value of the flag.
func (in *Instances) String() string {
	if in.inRegistry {
		return word
	}
	return strings.Join(in.addrs, ",")
}

// Set replaces the instances.
func (in *Instances) Set(value string) error {
	*in = Instances{inRegistry: value == word}
	if value == "" || value == word {
		return nil
	}
	for addr := range strings.SplitSeq(value, ",") {
		addr = strings.TrimSpace(addr)
		if !isHostPort(addr) {
			return fmt.Errorf("%q is not host:port", addr)
		}
		in.addrs = append(in.addrs, addr)
	}
	return nil
}

// Known reports whether there is an address, or a registry to ask.
func (in *Instances) Known(f *Flag) bool {
	return len(in.addrs) > 0 || in.inRegistry && f.url != ""
}

// Source returns the instances of a service; nil unless they are known.
func (in *Instances) Source(f *Flag, s *server.Server, service string) discover.Source {
	switch {
	case !in.Known(f):
		return nil
	case in.inRegistry:
		return f.service(s, service)
	}
	return discover.Static(in.addrs...)
}

// isHostPort reports whether an address is host:port. It looks up no host.
func isHostPort(addr string) bool {
	_, port, err := net.SplitHostPort(addr)
	if err != nil || port == "" {
		return false
	}
	_, err = net.LookupPort("tcp", port)
	return err == nil
}
