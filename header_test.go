package endpoint_test

import (
	"fmt"
	"maps"
	"net/textproto"
	"slices"
	"strings"
	"testing"

	"github.com/typedkit/endpoint"
)

// A Header reads and writes alike in both forms; only the map under it differs.
func TestHeader(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		do   func(h *endpoint.Header)
		http map[string][]string
		meta map[string][]string
	}{
		{"nothing", func(*endpoint.Header) {}, nil, nil},
		{"Set", func(h *endpoint.Header) { h.Set("x-id", "7") }, map[string][]string{"X-Id": {"7"}}, map[string][]string{"x-id": {"7"}}},
		{"Set replaces", func(h *endpoint.Header) { h.Set("X-ID", "1", "2"); h.Set("x-Id", "3") }, map[string][]string{"X-Id": {"3"}}, map[string][]string{"x-id": {"3"}}},
		{"Set several", func(h *endpoint.Header) { h.Set("x-id", "1", "2") }, map[string][]string{"X-Id": {"1", "2"}}, map[string][]string{"x-id": {"1", "2"}}},
		{"Add", func(h *endpoint.Header) { h.Add("X-Id", "1"); h.Add("x-id", "2") }, map[string][]string{"X-Id": {"1", "2"}}, map[string][]string{"x-id": {"1", "2"}}},
		{"Del", func(h *endpoint.Header) { h.Set("X-Id", "1"); h.Set("Y", "2"); h.Del("x-ID") }, map[string][]string{"Y": {"2"}}, map[string][]string{"y": {"2"}}},
		{"binary", func(h *endpoint.Header) { h.Set("x-id-BIN", "\x00\xff", "") }, map[string][]string{"X-Id-Bin": {"AP8", ""}}, map[string][]string{"x-id-bin": {"\x00\xff", ""}}},
		{"binary added", func(h *endpoint.Header) { h.Add("a-bin", "\x00"); h.Add("A-Bin", "\x01\x02") }, map[string][]string{"A-Bin": {"AA", "AQI"}}, map[string][]string{"a-bin": {"\x00", "\x01\x02"}}},
		{"almost binary", func(h *endpoint.Header) { h.Set("bin", "x"); h.Set("x-bins", "y") }, map[string][]string{"Bin": {"x"}, "X-Bins": {"y"}}, map[string][]string{"bin": {"x"}, "x-bins": {"y"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var read []string
			for _, form := range []struct {
				name string
				view func(map[string][]string) endpoint.Header
				want map[string][]string
			}{{"HTTP", endpoint.HTTPHeader, tt.http}, {"metadata", endpoint.MetadataHeader, tt.meta}} {
				h := form.view(nil)
				tt.do(&h)
				if got := h.Raw(); !maps.EqualFunc(got, form.want, slices.Equal) {
					t.Errorf("%s: the map is %q, want %q", form.name, got, form.want)
				}
				all := map[string][]string{}
				for k, vs := range h.All() {
					all[strings.ToLower(k)] = vs
					if got := h.Values(strings.ToUpper(k)); !slices.Equal(got, vs) || h.Get(k) != vs[0] {
						t.Errorf("%s: %s has Values %q and Get %q, and in All %q", form.name, k, got, h.Get(k), vs)
					}
				}
				read = append(read, fmt.Sprint(all))
			}
			if read[0] != read[1] {
				t.Errorf("over HTTP it reads as %s, over gRPC as %s", read[0], read[1])
			}
		})
	}
}

func TestHeaderReads(t *testing.T) {
	t.Parallel()
	h := endpoint.HTTPHeader(map[string][]string{
		"X-Empty": {}, "X-Two": {"a", "b"}, "Padded-Bin": {"AP8="}, "Raw-Bin": {"AP8"}, "Bad-Bin": {"not base64!"}, "odd key": {"v"},
	})
	for _, tt := range []struct {
		key    string
		values []string
	}{
		{"x-absent", nil},
		{"x-empty", nil},
		{"x-two", []string{"a", "b"}},
		{"padded-bin", []string{"\x00\xff"}},
		{"RAW-BIN", []string{"\x00\xff"}},
		{"bad-bin", []string{"not base64!"}},
	} {
		got := h.Values(tt.key)
		if !slices.Equal(got, tt.values) || h.Get(tt.key) != strings.Join(tt.values[:min(1, len(tt.values))], "") {
			t.Errorf("%s: Values %q and Get %q, want %q", tt.key, got, h.Get(tt.key), tt.values)
		}
		if len(got) > 0 {
			got[0] = "changed"
		}
		if again := h.Values(tt.key); !slices.Equal(again, tt.values) {
			t.Errorf("%s: a change of what Values returned changes the header to %q", tt.key, again)
		}
	}
	keys := map[string]bool{}
	for k, vs := range h.All() {
		if keys[k] = true; k == "odd key" && len(vs) != 1 {
			t.Errorf("All gives %q the values %q, want those of the map", k, vs)
		}
	}
	if len(keys) != 6 {
		t.Errorf("All gives the keys %v, want all 6", keys)
	}
	for range h.All() {
		break // a loop may end early
	}
}

func TestHeaderNil(t *testing.T) {
	t.Parallel()
	var h *endpoint.Header
	h.Set("a", "b")
	h.Add("a", "b")
	h.Del("a")
	for k := range h.All() {
		t.Errorf("a nil Header has the key %q", k)
	}
	if h.Get("a") != "" || h.Values("a") != nil || h.Raw() != nil || h.Check() != nil {
		t.Error("a nil Header answers with something, want zero values")
	}
}

// A view writes to the transport's own map.
func TestHeaderIsView(t *testing.T) {
	t.Parallel()
	m := map[string][]string{"A": {"1"}}
	h := endpoint.HTTPHeader(m)
	h.Set("b", "2")
	m["C"] = []string{"3"}
	if m["B"][0] != "2" || h.Get("c") != "3" {
		t.Errorf("the map is %v and the view reads %q, want them to be one", m, h.Get("c"))
	}
}

// keyFaults are keys that a caller must not set, with a text of the error.
var keyFaults = []struct{ key, fault string }{
	{"", "without a key"},
	{"Host", "belongs to the transport"},
	{"hOST", "belongs to the transport"},
	{"Connection", "belongs to the transport"},
	{"Keep-Alive", "belongs to the transport"},
	{"Proxy-Connection", "belongs to the transport"},
	{"Transfer-Encoding", "belongs to the transport"},
	{"TE", "belongs to the transport"},
	{"Trailer", "belongs to the transport"},
	{"Upgrade", "belongs to the transport"},
	{"Expect", "belongs to the transport"},
	{"Connect-Timeout-Ms", "belongs to the transport"},
	{"Accept", "belongs to the transport"},
	{"accept-encoding", "belongs to the transport"},
	{"Content-Type", "belongs to the transport"},
	{"content-length", "belongs to the transport"},
	{"Content-Anything", "belongs to the transport"},
	{"grpc-timeout", "belongs to the transport"},
	{"Grpc-Anything", "belongs to the transport"},
	{":authority", "belongs to the transport"},
	{"x id", "has the character ' '"},
	{"x:id", "has the character ':'"},
	{"x\r\nHost", "has the character '\\r'"},
	{"Größe", "has the character"},
	{"\u212aeep-Alive", "belongs to the transport"}, // KELVIN SIGN, a letter k
}

var valueFaults = []string{"a\nb", "a\r\nHost: x", "\x00", "a\x7f", "\x1b[0m"}

func TestHeaderCheck(t *testing.T) {
	t.Parallel()
	check := func(key, value string) error {
		h := endpoint.MetadataHeader(map[string][]string{key: {"fine", value}})
		return h.Check()
	}
	for _, tt := range keyFaults {
		if err := check(tt.key, "v"); endpoint.CodeOf(err) != endpoint.InvalidArgument || !strings.Contains(err.Error(), tt.fault) {
			t.Errorf("Check with key %q = %v (code %v), want InvalidArgument with %q", tt.key, err, endpoint.CodeOf(err), tt.fault)
		}
	}
	for _, value := range valueFaults {
		err := check("x-id", value)
		if endpoint.CodeOf(err) != endpoint.InvalidArgument || !strings.Contains(err.Error(), "control character") || strings.Contains(err.Error(), value) {
			t.Errorf("Check with value %q = %v, want InvalidArgument that does not repeat it", value, err)
		}
		if err := check("x-id-bin", value); err != nil {
			t.Errorf("Check with binary value %q = %v, want nil", value, err)
		}
	}
	for _, key := range []string{"x-id", "Authorization", "traceparent", "User-Agent", "!#$%&'*+-.^_`|~09azAZ", "Hosts", "Contents", "grpcx"} {
		if err := check(key, "tab\tand ünïcode"); err != nil {
			t.Errorf("Check with key %q = %v, want nil", key, err)
		}
	}
	h := endpoint.HTTPHeader(nil)
	if err := h.Check(); err != nil {
		t.Errorf("Check of nothing = %v", err)
	}
}

// Of several keys at fault, Check names the alphabetically first, whatever the
// order in which it meets them.
func TestHeaderCheckFirst(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		m     map[string][]string
		fault string
	}{
		{"keys", map[string][]string{"a": {"v"}, "te": {"v"}, "host": {"v"}, "x id": {"v"}}, `header "host" belongs to the transport`},
		{"the empty key", map[string][]string{"host": {"v"}, "": {"v"}}, "without a key"},
		{"a value before keys", map[string][]string{"x id": {"v"}, "d": {"v"}, "host": {"v"}, "c": {"v", "a\nb"}, "te": {"v"}}, `the value of header "c" has a control character`},
		{"a key before values", map[string][]string{"x": {"\x00"}, "host": {"v"}, "y": {"\x00"}}, `header "host" belongs to the transport`},
		{"upper case before lower case", map[string][]string{"expect": {"v"}, "Te": {"v"}}, `header "Te" belongs to the transport`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for range 100 { // each range over a map may have another order
				h := endpoint.MetadataHeader(maps.Clone(tt.m))
				if err := h.Check(); endpoint.CodeOf(err) != endpoint.InvalidArgument || !strings.Contains(err.Error(), tt.fault) {
					t.Fatalf("Check of %q = %v (code %v), want InvalidArgument with %q", tt.m, err, endpoint.CodeOf(err), tt.fault)
				}
			}
		})
	}
}

// FuzzHeaderKey compares the keys with those of net/textproto, which the package
// does not import.
func FuzzHeaderKey(f *testing.F) {
	for _, key := range []string{"", "a", "x-id", "X-ID", "-", "--a--B", "content-MD5", "ETag", "www-authenticate", "x_y-z", "1a-2B", "a.b-c", "X-Id"} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		token := key != ""
		for _, c := range []byte(key) {
			token = token && (c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0)
		}
		h := endpoint.HTTPHeader(nil)
		h.Set(key, "value")
		if got := h.Get(key); got != "value" && !strings.HasSuffix(strings.ToLower(key), "-bin") {
			t.Errorf("after Set(%q), Get = %q", key, got)
		}
		if !token {
			return // net/textproto leaves such a key alone
		}
		want := textproto.CanonicalMIMEHeaderKey(key)
		for got := range h.Raw() {
			if got != want {
				t.Errorf("Set(%q) writes the key %q, want %q", key, got, want)
			}
		}
	})
}
