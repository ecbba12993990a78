package server

import (
	"flag"

	"github.com/typedkit/endpoint/server/internal/edge"
)

// AddrVar defines a flag for the address of a listener, as flag.String does: of one of the
// forms that [Listen] has. A malformed address fails when the flags are parsed, with the
// name of the flag; a flag set with flag.ExitOnError then exits with code 2. If value, the
// default, is empty, the flag may be empty too, which means that there is no such listener.
func AddrVar(flags *flag.FlagSet, name, value, usage string) *string {
	addr := value
	flags.Var(&addrFlag{&addr, value == ""}, name, usage)
	return &addr
}

// OptionalAddrVar is AddrVar for a listener that the program can do without: the flag may be
// empty whatever the default is, which means that there is no such listener.
func OptionalAddrVar(flags *flag.FlagSet, name, value, usage string) *string {
	addr := value
	flags.Var(&addrFlag{&addr, true}, name, usage)
	return &addr
}

type addrFlag struct {
	to       *string
	optional bool
}

// String returns the address. The package flag calls it on the zero value too.
func (f *addrFlag) String() string {
	if f.to == nil {
		return ""
	}
	return *f.to
}

// Set checks the address and sets it.
func (f *addrFlag) Set(addr string) error {
	if addr != "" || !f.optional {
		if err := edge.CheckAddr(addr); err != nil {
			return err
		}
	}
	*f.to = addr
	return nil
}
