//go:build !unix

package thriftx

import "net"

// A probe asks the system whether the peer of a connection has closed it.
type probe struct{}

// newProbe returns nil: only a read can tell.
func newProbe(net.Conn) *probe { return nil }

func (*probe) isQuiet() bool { return false }
