// Package hostport is what the programs of the examples ask of an address that a
// flag names.
package hostport

import "net"

// Check says why nobody can listen on an address: it is not host:port, or there is
// no such port. It looks up no host.
func Check(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	_, err = net.ResolveTCPAddr("tcp", ":"+port)
	return err
}
