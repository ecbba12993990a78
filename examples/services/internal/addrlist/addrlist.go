// Package addrlist is a flag whose value is a list of addresses.
package addrlist

import (
	"flag"
	"fmt"
	"net"
	"strings"
)

// Var defines a flag for addresses with commas between them. A malformed one fails when the
// flags are parsed, with the name of the flag. The default is none.
func Var(flags *flag.FlagSet, name, usage string) *[]string {
	var l list
	flags.Var(&l, name, usage)
	return (*[]string)(&l)
}

type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

// Set replaces the list.
func (l *list) Set(value string) error {
	*l = nil
	if value == "" {
		return nil
	}
	for addr := range strings.SplitSeq(value, ",") {
		addr = strings.TrimSpace(addr)
		if !isHostPort(addr) {
			return fmt.Errorf("%q is not host:port", addr)
		}
		*l = append(*l, addr)
	}
	return nil
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
