package admin

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// A guard answers requests that address the server by one of its own names, and that no
// page of another site makes. A page of a stranger could otherwise read the answers with
// the help of a browser on this machine: it would let the name of its site resolve to a
// loopback address.
type guard struct {
	hosts map[string]bool
	next  http.Handler
}

// newGuard returns a guard that also answers to these names. The error joins the faults
// of the names.
func newGuard(hosts []string) (*guard, error) {
	g := &guard{hosts: map[string]bool{"localhost": true}}
	var errs []error
	for _, h := range hosts {
		name := hostName(h)
		if isAddress(name) || name != "" && !strings.ContainsAny(h, "/*@ ") && !strings.Contains(name, ":") {
			g.hosts[name] = true
			continue
		}
		errs = append(errs, fmt.Errorf("the host %q is not a host name or an IP address, with or without a port", h))
	}
	return g, errors.Join(errs...)
}

// ServeHTTP answers a request, or refuses it with 421 or 403.
func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	switch {
	case !g.isOwn(r):
		http.Error(w, "the Host header is not a name of this server; see server.Hosts", http.StatusMisdirectedRequest)
	case isForeign(r):
		http.Error(w, "a page of another site asks", http.StatusForbidden)
	default:
		g.next.ServeHTTP(w, r)
	}
}

// isOwn reports whether the Host header is a name of the server: one that it was given,
// a loopback address, or the address to which the connection was made. An address is safe
// on any interface, because no stranger's site can have it as its name.
func (g *guard) isOwn(r *http.Request) bool {
	name := hostName(r.Host)
	if g.hosts[name] {
		return true
	}
	ip, err := netip.ParseAddr(name)
	if err != nil {
		return false
	}
	ip = ip.Unmap()
	return ip.IsLoopback() || ip == localIP(r)
}

// localIP returns the address to which the connection was made, if it has one.
func localIP(r *http.Request) netip.Addr {
	if a, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// isForeign reports whether a page of another site makes the request. A link to the page
// itself may stand anywhere: the browser shows the answer to the user alone.
func isForeign(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" {
		u, err := url.Parse(origin)
		if err != nil || !strings.EqualFold(u.Host, r.Host) {
			return true
		}
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return false
	}
	isLink := r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
	return !isLink || r.Method != http.MethodGet
}

// hostName returns the name of a Host header: without the port, the brackets and the dot
// at its end, in lower case.
func hostName(host string) string {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	} else {
		name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	}
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

func isAddress(name string) bool {
	_, err := netip.ParseAddr(name)
	return err == nil
}
