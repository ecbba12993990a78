// Package thriftflags has go-kit's flags for Thrift, which addsvc and addcli share.
package thriftflags

import (
	"errors"
	"flag"
	"fmt"

	"github.com/typedkit/endpoint/thriftx"
)

// Flags say how messages of Thrift are written. Make one with [Var].
type Flags struct {
	protocol protocol
	framed   bool
}

// Var defines -thrift-protocol, -thrift-framed and -thrift-buffer. The last one has no
// effect: a buffer changes nothing that the peer sees, and thriftx always has one. It is
// there for command lines that were written for go-kit's example.
func Var(flags *flag.FlagSet) *Flags {
	f := new(Flags)
	flags.Var(&f.protocol, "thrift-protocol", "`protocol` of Thrift: binary, the default, compact, json or header")
	flags.BoolVar(&f.framed, "thrift-framed", false, "put each message of Thrift into a frame, as the protocol header always does")
	flags.Int("thrift-buffer", 0, "accepted without effect: a buffer of any `size` changes nothing that the peer sees")
	return f
}

// NewServer returns a server that speaks what the flags say.
func (f *Flags) NewServer() *thriftx.Server {
	speak := thriftx.Speak(thriftx.Protocol(f.protocol))
	if f.framed {
		return thriftx.NewServer(speak, thriftx.Framed())
	}
	return thriftx.NewServer(speak)
}

// To returns the server at addr, which speaks what the flags say.
func (f *Flags) To(addr string) *thriftx.Conn {
	speak := thriftx.Speak(thriftx.Protocol(f.protocol))
	if f.framed {
		return thriftx.To(addr, speak, thriftx.Framed())
	}
	return thriftx.To(addr, speak)
}

// protocol is a flag.Value.
type protocol thriftx.Protocol

var errSimpleJSON = errors.New("nothing can read what simplejson writes, not even Thrift's own library; use json")

// String returns the name of the protocol.
func (p *protocol) String() string {
	switch thriftx.Protocol(*p) {
	case thriftx.Compact:
		return "compact"
	case thriftx.JSON:
		return "json"
	case thriftx.Header:
		return "header"
	}
	return "binary"
}

// Set sets the protocol by its name.
func (p *protocol) Set(name string) error {
	switch name {
	case "binary":
		*p = protocol(thriftx.Binary)
	case "compact":
		*p = protocol(thriftx.Compact)
	case "json":
		*p = protocol(thriftx.JSON)
	case "header":
		*p = protocol(thriftx.Header)
	case "simplejson":
		return errSimpleJSON
	default:
		return fmt.Errorf("the protocol must be binary, compact, json or header, got %q", name)
	}
	return nil
}
