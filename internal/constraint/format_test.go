package constraint_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFormats(t *testing.T) {
	t.Parallel()
	for format, c := range map[string]struct{ valid, invalid []string }{
		"date":      {[]string{"2024-02-29", "0001-01-01"}, []string{"2023-02-29", "2024-2-1", "2024-02-29T00:00:00Z", "", "24-02-29"}},
		"time":      {[]string{"00:00:00Z", "23:59:59.123456+01:30", "23:59:60Z", "00:59:60+01:00", "15:04:05z"}, []string{"24:00:00Z", "23:59:60+01:00", "12:00:60Z", "15:04:05", "15:04:05.Z", "15:04Z", "15-04-05Z", "1a:00:00Z", "15:04:05+0100", "15:04:05+24:00"}},
		"date-time": {[]string{"2024-02-29T12:00:00Z", "2024-02-29t12:00:00.5-07:00"}, []string{"2024-02-29 12:00:00Z", "2024-02-29", "2023-02-29T12:00:00Z", "2024-02-29T12:00:00"}},
		"duration":  {[]string{"P1Y2M3DT4H5M6S", "PT1M", "P1W", "P1D"}, []string{"", "P", "PT", "P1", "P1H", "PT1D", "P1DT", "P1W1D", "1D", "P1M1Y", "PT1H1S", "P-1D", "PW"}},
		"email":     {[]string{"a@example.com", "a.b+c@x", "o'n@example.co.uk", strings.Repeat("a", 64) + "@x.y"}, []string{"", "a", "@x.y", "a@", "a..b@x.y", ".a@x.y", "a@x_y", "a b@x.y", strings.Repeat("a", 65) + "@x.y", `"a"@x.y`, "a@-x"}},
		"hostname":  {[]string{"example.com", "a", "xn--bcher-kva.example", "1.2"}, []string{"", ".", "a..b", "-a", "a-", "a_b", strings.Repeat("a", 64), strings.Repeat("a.", 127) + "a", "a."}},
		"ipv4":      {[]string{"127.0.0.1", "255.255.255.255"}, []string{"", "256.0.0.1", "1.2.3", "::1", "01.2.3.4", "255.255.255.256", "1.1.1.1.1.1.1.1"}},
		"ipv6":      {[]string{"::1", "2001:db8::1", "::ffff:1.2.3.4"}, []string{"", "1.2.3.4", "fe80::1%eth0", ":::", "12345::"}},
		"cidr":      {[]string{"10.0.0.0/8", "2001:db8::/32"}, []string{"", "10.0.0.0", "10.0.0.0/33", "::/129"}},
		"uri":       {[]string{"https://u:p@example.com:80/a%20b?q=1&r=2#f", "mailto:a@b.c", "urn:isbn:1", "http://[::1]:80/", "x://", "a:"}, []string{"", "/a", "example.com", "1a:b", "http://exa mple", "http://a/%2", "http://[::1", "http://[::1]x", "http://a:b", "http://a/<", "a:b#c#d", "://a"}},
		"uuid":      {[]string{"00000000-0000-0000-0000-00000000000f", "F47AC10B-58CC-4372-A567-0E02B2C3D479"}, []string{"", "00000000000000000000000000000000", "00000000-0000-0000-0000-00000000000g", "00000000-0000-0000-0000+000000000000", "00000000-0000-0000-0000-0000000000000"}},
		"regex":     {[]string{"^a+$", ""}, []string{"(", "a{2,1}", strings.Repeat("a", 1001)}},
		"byte":      {[]string{"", "YQ==", "YWI=", "YWJj", "+/+/"}, []string{"YQ", "YQ=", "Y===", "Y-_j", "YR==", "YQ==YQ=="}},
	} {
		for _, s := range c.valid {
			require.Empty(t, try(t, `format:"`+format+`"`, s), "%s %q", format, s)
		}
		for _, s := range c.invalid {
			require.NotEmpty(t, try(t, `format:"`+format+`"`, s), "%s %q", format, s)
		}
	}
}
