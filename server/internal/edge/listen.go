package edge

import (
	"context"
	"net"
	"os"
	"strings"
)

// Listen listens on addr:
//
//   - host:port, over TCP. An empty host is every address of the machine, and port 0
//     is any free port.
//   - unix:PATH, on a unix socket that the owner and the group of the process may
//     connect to (mode 0660). Closing the listener removes the file. A file that a
//     process left behind when it died is replaced. On Linux, unix:@NAME is an abstract
//     socket, which has no file.
//   - systemd:NAME, on the socket that systemd passed under this name
//     (FileDescriptorName= of its unit), and systemd: on the only one that it passed.
//
// Every error is an [*AddrError]. That of an address that is in use wraps
// syscall.EADDRINUSE.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	return listen(ctx, addr, passed{getenv: os.Getenv, pid: os.Getpid(), first: 3})
}

func listen(ctx context.Context, addr string, sockets passed) (net.Listener, error) {
	if err := CheckAddr(addr); err != nil {
		return nil, err
	}
	l, err := open(ctx, addr, sockets)
	if err != nil {
		return nil, &AddrError{addr, err}
	}
	return l, nil
}

func open(ctx context.Context, addr string, sockets passed) (net.Listener, error) {
	if path, ok := strings.CutPrefix(addr, unixPrefix); ok {
		return listenUnix(ctx, path)
	}
	if name, ok := strings.CutPrefix(addr, systemdPrefix); ok {
		return sockets.listen(name)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	return l, short(err)
}

// short returns the reason of an error of package net, without the address, which
// AddrError names.
func short(err error) error {
	if op, ok := err.(*net.OpError); ok { //nolint:errorlint // only the outermost
		return op.Err
	}
	return err
}
