package server

import (
	"fmt"
	"net"
)

// address returns the address under which others reach a listener.
func address(bound net.Addr, host string) (string, error) {
	own, port, err := net.SplitHostPort(bound.String())
	if err != nil {
		return "", fmt.Errorf("%v cannot be registered: %w", bound, err)
	}
	if host == "" {
		host = own
	}
	return net.JoinHostPort(host, port), nil
}
