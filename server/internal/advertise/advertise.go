// Package advertise finds the address under which other hosts reach a listener.
package advertise

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Destinations that a default route leads to. They are in networks that are kept for
// documentation (RFC 5737, RFC 3849), and nothing is sent to them.
const (
	far4 = "192.0.2.1:9"
	far6 = "[2001:db8::1]:9"
)

// Address returns the host and port to register for a listener with the address. The
// host is the given one, unless that is empty; else that of the listener, if it listens
// on a single address; else the address from which this machine sends to where its
// default route leads, of IPv4 before that of IPv6. The port is the listener's.
func Address(ctx context.Context, host string, listener net.Addr) (string, error) {
	return address(ctx, host, listener, new(net.Dialer).DialContext)
}

type dial func(ctx context.Context, network, addr string) (net.Conn, error)

func address(ctx context.Context, host string, listener net.Addr, dial dial) (string, error) {
	tcp, ok := listener.(*net.TCPAddr)
	if !ok {
		return "", fmt.Errorf("a listener on %s %s cannot be registered: other hosts cannot reach it", listener.Network(), listener)
	}
	var err error
	if host == "" {
		host, err = own(ctx, tcp, dial)
	} else {
		host, err = given(host)
	}
	if err != nil {
		return "", err
	}
	return net.JoinHostPort(host, strconv.Itoa(tcp.Port)), nil
}

// given checks the host of the option, and takes the brackets off.
func given(host string) (string, error) {
	bare := host
	if inner, ok := strings.CutPrefix(host, "["); ok {
		bare = strings.TrimSuffix(inner, "]")
	}
	ip, err := netip.ParseAddr(bare)
	switch {
	case err == nil && ip.IsUnspecified():
		return "", fmt.Errorf("Advertise(%q): not the address of a single host", host)
	case err != nil && strings.ContainsAny(host, ":[]/ "):
		return "", fmt.Errorf("Advertise(%q): must be a host without a port", host)
	}
	return bare, nil
}

// own returns the address of this machine that others reach the listener at.
func own(ctx context.Context, listener *net.TCPAddr, dial dial) (string, error) {
	ip := listener.AddrPort().Addr().Unmap()
	switch {
	case ip.Zone() != "":
		return "", fmt.Errorf("the address %s holds on one network only: name the host with Advertise", ip)
	case ip.IsValid() && !ip.IsUnspecified():
		return ip.String(), nil
	}
	source, err := towards(ctx, dial, "udp4", far4)
	if err != nil && !ip.Is4() {
		var err6 error
		source, err6 = towards(ctx, dial, "udp6", far6)
		if err = errors.Join(err, err6); err6 == nil {
			err = nil
		}
	}
	if err != nil {
		return "", fmt.Errorf("no address to register was found: name the host with Advertise: %w", err)
	}
	return source, nil
}

// towards returns the source address of packets to addr. Connecting a UDP socket sends
// none.
func towards(ctx context.Context, dial dial, network, addr string) (string, error) {
	c, err := dial(ctx, network, addr)
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close() }()
	udp, ok := c.LocalAddr().(*net.UDPAddr)
	if !ok {
		return "", fmt.Errorf("the address %s is not one of UDP", c.LocalAddr())
	}
	ip := udp.AddrPort().Addr().Unmap()
	if !ip.IsGlobalUnicast() {
		return "", fmt.Errorf("packets to %s leave from %s, which other hosts cannot reach", addr, ip)
	}
	return ip.String(), nil
}
