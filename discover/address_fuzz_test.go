package discover

import (
	"net"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// addrs are addresses, and whether a pool takes them.
var addrs = map[string]bool{
	"10.0.0.1:80": true, "users.internal:8080": true, "[::1]:80": true, "[fe80::1%eth0]:80": true, ":80": true,
	"a": true, "users": true, "users:http": true, "unix:/run/users.sock": true, "unix:///run/users.sock": true,
	"dns:///users:70000": true, "vsock:3:70000": true, "/run/users.sock": true, "bücher.example:80": true, "fe80::1": true,
	"a:1": true, "a:65535": true,
	"a:0": false, "a:65536": false, "a:99999999999999999999": false, "a:": false, "a:-1": false, "a:+1": false, "[::1]:0": false,
	"a b:80": false, " a:80": false, "a:80\n": false, "a\x00:80": false, "a\x7f:80": false, "a\u00a0b:80": false,
	"a\u200bb:80": false, "a\xff:80": false, "\t": false,
	strings.Repeat("a", maxAddr): true, strings.Repeat("a", maxAddr+1): false, strings.Repeat("a", 1<<20) + ":80": false,
}

func TestCheckAddr(t *testing.T) {
	t.Parallel()
	for addr, want := range addrs {
		if err := checkAddr(addr); (err == nil) != want {
			t.Errorf("checkAddr(%.80q) = %v, want it fine: %v", addr, err, want)
		} else if err != nil && len(err.Error()) > 200+maxAddr {
			t.Errorf("the error of %.80q has %d bytes", addr, len(err.Error()))
		}
	}
}

// FuzzCheckAddr: what is taken is short and can be printed, and its port is one.
func FuzzCheckAddr(f *testing.F) {
	for addr := range addrs {
		f.Add(addr)
	}
	f.Fuzz(func(t *testing.T, addr string) {
		s := shown(addr)
		if len(s) > maxAddr+len("…") || !utf8.ValidString(s) || strings.ContainsFunc(s, isUnprintable) {
			t.Errorf("%q is shown as %q", addr, s)
		}
		if checkAddr(addr) != nil {
			return
		}
		if len(addr) > maxAddr || strings.ContainsFunc(addr, isUnprintable) {
			t.Errorf("%q is taken", addr)
		}
		if s != addr {
			t.Errorf("%q is shown as %q", addr, s)
		}
		if _, port, err := net.SplitHostPort(addr); err == nil {
			if n, err := strconv.Atoi(port); err == nil && (n < 1 || n > 65535) {
				t.Errorf("%q is taken, with the port %d", addr, n)
			}
		}
	})
}
