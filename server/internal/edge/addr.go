package edge

import (
	"errors"
	"fmt"
	"net"
	"strings"
)

// Prefixes of addresses that are not host:port.
const (
	unixPrefix    = "unix:"
	systemdPrefix = "systemd:"
)

// maxUnixPath is the longest path of a unix socket: sun_path of Linux has 108 bytes,
// with the final zero. Other systems have a few less.
const maxUnixPath = 107

// An AddrError is the error of an address that is malformed or cannot be listened on.
type AddrError struct {
	Addr string // as it was given
	Err  error
}

func (e *AddrError) Error() string { return fmt.Sprintf("address %q: %v", e.Addr, e.Err) }

// Unwrap returns the reason.
func (e *AddrError) Unwrap() error { return e.Err }

// CheckAddr returns an [*AddrError] unless addr has a form that [Listen] accepts:
// host:port, unix:PATH, systemd:NAME or systemd:. It looks up no host and no socket.
func CheckAddr(addr string) error {
	if err := checkForm(addr); err != nil {
		return &AddrError{addr, err}
	}
	return nil
}

// IsUnix reports whether addr is that of a unix socket.
func IsUnix(addr string) bool { return strings.HasPrefix(addr, unixPrefix) }

func checkForm(addr string) error {
	if path, ok := strings.CutPrefix(addr, unixPrefix); ok {
		switch {
		case path == "":
			return errors.New("unix: needs the path of a socket")
		case len(path) > maxUnixPath:
			return fmt.Errorf("the path of a unix socket has at most %d bytes, got %d", maxUnixPath, len(path))
		}
		return nil
	}
	if strings.HasPrefix(addr, systemdPrefix) {
		return nil
	}
	host, port, err := net.SplitHostPort(addr)
	switch {
	case err != nil:
		return errors.New("must be host:port, unix:PATH or systemd:NAME")
	case strings.ContainsAny(host, " \t\r\n/"):
		return fmt.Errorf("%q is not a host", host)
	case port == "":
		return errors.New("the port is missing; 0 takes any free one")
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return fmt.Errorf("%q is not a port", port)
	}
	return nil
}
