package discover

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxAddr is the length of the longest address, as that of a name in DNS.
const maxAddr = 255

// checkAddr returns what is wrong with an address that no dial func can take, or nil.
// Whatever else an address may be is for the dial func to know. See decision 134.
func checkAddr(addr string) error {
	if len(addr) > maxAddr {
		return fmt.Errorf("discover: the address has %d bytes, want at most %d", len(addr), maxAddr)
	}
	if i := strings.IndexFunc(addr, isUnprintable); i >= 0 {
		r, _ := utf8.DecodeRuneInString(addr[i:])
		return fmt.Errorf("discover: the address has the character %q, want no spaces and none that cannot be printed", r)
	}
	// Without an error there is one colon, outside of brackets. Otherwise it is a path or
	// a name that the dial func knows.
	if _, port, err := net.SplitHostPort(addr); err == nil && isNumber(port) && !isPort(port) {
		return fmt.Errorf("discover: the port of the address is %q, want 1 to 65535", port)
	}
	return nil
}

// isNumber reports whether port is a number or empty, and neither the name of a service
// nor what follows a scheme.
func isNumber(port string) bool { return strings.Trim(port, "+-0123456789") == "" }

func isPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

// isUnprintable reports whether r has no place in an address. A byte that is not UTF-8
// is a unicode.ReplacementChar here, and refused as that.
func isUnprintable(r rune) bool {
	return r == ' ' || r == unicode.ReplacementChar || !unicode.IsPrint(r)
}

// shown returns an address that may be malformed as the detail of an event: its start,
// with a question mark for each character that has no place in an address.
func shown(addr string) string {
	const most = 64
	end := ""
	if len(addr) > maxAddr {
		addr, end = addr[:most], "…"
	}
	return strings.Map(func(r rune) rune {
		if isUnprintable(r) {
			return '?'
		}
		return r
	}, addr) + end
}

// refusals are the malformed addresses of a set.
type refusals struct {
	addrs map[string]struct{}
	fresh []event // for those that the set before did not have, maxRefusals at most
}

// maxRefusals is how many events one set causes.
const maxRefusals = 50

// add notes an address with its fault. before are those of the set before.
func (r *refusals) add(addr string, fault error, before refusals) {
	if r.addrs == nil {
		r.addrs = make(map[string]struct{})
	}
	r.addrs[addr] = struct{}{}
	if _, known := before.addrs[addr]; !known && len(r.fresh) < maxRefusals {
		r.fresh = append(r.fresh, event{kind: "malformed", addr: shown(addr), err: fault})
	}
}
