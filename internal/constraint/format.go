package constraint

import (
	"encoding/base64"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A textFormat is a value of the keyword format (JSON Schema 2020-12, validation, section 7;
// byte is OpenAPI's).
type textFormat struct {
	valid  func(s string) bool
	detail string
}

var formats = map[string]textFormat{
	"date":      {isDate, `must be a date such as "2006-01-02"`},
	"time":      {isTime, `must be a time of day such as "15:04:05Z"`},
	"date-time": {isDateTime, "must be a time as in RFC 3339"},
	"duration":  {isDuration, `must be a duration of ISO 8601 such as "P1DT2H"`},
	"email":     {isEmail, "must be an e-mail address"},
	"hostname":  {isHostname, "must be a host name"},
	"ipv4":      {isIPv4, "must be an IPv4 address"},
	"ipv6":      {isIPv6, "must be an IPv6 address"},
	"cidr":      {isCIDR, `must be an address and the length of a prefix such as "10.0.0.0/8"`},
	"uri":       {isURI, "must be a URI with a scheme"},
	"uuid":      {isUUID, "must be a UUID"},
	"regex":     {isRegex, "must be a regular expression"},
	"byte":      {isBase64, "must be a text in base64"},
}

func formatNames() []string { return slices.Sorted(maps.Keys(formats)) }

func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

func isDateTime(s string) bool {
	return len(s) > len(time.DateOnly) && isDate(s[:len(time.DateOnly)]) &&
		(s[len(time.DateOnly)] == 'T' || s[len(time.DateOnly)] == 't') && isTime(s[len(time.DateOnly)+1:])
}

// isTime is full-time of RFC 3339. A leap second may be at the end of any hour, since the
// offset may be any.
func isTime(s string) bool {
	if len(s) < len("15:04:05Z") || s[2] != ':' || s[5] != ':' {
		return false
	}
	hour, ok1 := digits(s[:2], 23)
	minute, ok2 := digits(s[3:5], 59)
	second, ok3 := digits(s[6:8], 60)
	if !ok1 || !ok2 || !ok3 {
		return false
	}
	s = s[8:]
	if s[0] == '.' {
		s = s[1:]
		rest := strings.TrimLeft(s, "0123456789")
		if len(rest) == len(s) {
			return false
		}
		s = rest
	}
	offset := 0
	switch {
	case s == "Z", s == "z":
	case len(s) == len("+00:00") && (s[0] == '+' || s[0] == '-') && s[3] == ':':
		h, ok1 := digits(s[1:3], 23)
		m, ok2 := digits(s[4:6], 59)
		if !ok1 || !ok2 {
			return false
		}
		if offset = h*60 + m; s[0] == '-' {
			offset = -offset
		}
	default:
		return false
	}
	const day = 24 * 60
	return second < 60 || (hour*60+minute-offset+day)%day == day-1
}

// digits reads a number of decimal digits that is at most limit.
func digits(s string, limit int) (n int, ok bool) {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, n <= limit
}

// isDuration is duration of RFC 3339, appendix A.
func isDuration(s string) bool {
	rest, ok := strings.CutPrefix(s, "P")
	if !ok {
		return false
	}
	if weeks, ok := strings.CutSuffix(rest, "W"); ok {
		return isNumber(weeks)
	}
	date, clock, timed := strings.Cut(rest, "T")
	if timed && clock == "" || !timed && date == "" {
		return false
	}
	return areUnits(date, "YMD") && areUnits(clock, "HMS")
}

// areUnits reports whether s is a number before each of some adjacent units.
func areUnits(s, units string) bool {
	next := -1
	for s != "" {
		n := len(s) - len(strings.TrimLeft(s, "0123456789"))
		if n == 0 || n == len(s) {
			return false
		}
		at := strings.IndexByte(units, s[n])
		if at < 0 || next >= 0 && at != next {
			return false
		}
		next, s = at+1, s[n+1:]
	}
	return true
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// isEmail is a mailbox of RFC 5321 whose local part is not quoted, at a host name.
func isEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > 64 || !isHostname(s[at+1:]) {
		return false
	}
	for atom := range strings.SplitSeq(s[:at], ".") {
		if atom == "" {
			return false
		}
		for i := range len(atom) {
			if !isAlnum(atom[i]) && strings.IndexByte("!#$%&'*+-/=?^_`{|}~", atom[i]) < 0 {
				return false
			}
		}
	}
	return true
}

// isHostname is a name of RFC 1123, section 2.1.
func isHostname(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if !isAlnum(label[i]) && label[i] != '-' {
				return false
			}
		}
	}
	return true
}

func isAlnum(c byte) bool { return isLetter(c) || '0' <= c && c <= '9' }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isIPv4(s string) bool { return len(s) <= len("255.255.255.255") && isAddr(s, netip.Addr.Is4) }
func isIPv6(s string) bool { return len(s) <= 45 && isAddr(s, netip.Addr.Is6) }

func isAddr(s string, is func(netip.Addr) bool) bool {
	if strings.IndexByte(s, '%') >= 0 { // a zone means something on one machine
		return false
	}
	a, err := netip.ParseAddr(s)
	return err == nil && is(a)
}

func isCIDR(s string) bool {
	if len(s) > 49 {
		return false
	}
	_, err := netip.ParsePrefix(s)
	return err == nil
}

// isURI has the characters of RFC 3986 behind a scheme.
func isURI(s string) bool {
	colon := strings.IndexByte(s, ':')
	if colon < 1 || !isLetter(s[0]) {
		return false
	}
	for i := range colon {
		if !isAlnum(s[i]) && strings.IndexByte("+-.", s[i]) < 0 {
			return false
		}
	}
	rest := s[colon+1:]
	if after, ok := strings.CutPrefix(rest, "//"); ok {
		end := strings.IndexAny(after, "/?#")
		if end < 0 {
			end = len(after)
		}
		if !isAuthority(after[:end]) {
			return false
		}
		rest = after[end:]
	}
	before, fragment, _ := strings.Cut(rest, "#")
	return areURI(before, "/?:@") && areURI(fragment, "/?:@")
}

func isAuthority(s string) bool {
	if at := strings.LastIndexByte(s, '@'); at >= 0 {
		if !areURI(s[:at], ":") {
			return false
		}
		s = s[at+1:]
	}
	host, port := s, ""
	if end := strings.IndexByte(s, ']'); strings.HasPrefix(s, "[") {
		if end < 0 || !isIPv6(s[1:end]) {
			return false
		}
		host, port = "", strings.TrimPrefix(s[end+1:], ":")
		if end+1 < len(s) && s[end+1] != ':' {
			return false
		}
	} else if colon := strings.IndexByte(s, ':'); colon >= 0 {
		host, port = s[:colon], s[colon+1:]
	}
	return areURI(host, "") && (port == "" || isNumber(port))
}

// areURI reports whether s has only characters that a URI may have: unreserved ones,
// sub-delims, percent-encoded ones, and those in more.
func areURI(s, more string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case isAlnum(c), strings.IndexByte("-._~!$&'()*+,;=", c) >= 0, strings.IndexByte(more, c) >= 0:
		case c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			i += 2
		default:
			return false
		}
	}
	return true
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' }

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch i {
		case 8, 13, 18, 23:
			if s[i] != '-' {
				return false
			}
		default:
			if !isHex(s[i]) {
				return false
			}
		}
	}
	return true
}

// isRegex is an expression of RE2. The bound is on the work of compiling one.
func isRegex(s string) bool {
	if len(s) > 1000 {
		return false
	}
	_, err := regexp.Compile(s)
	return err == nil
}

func isBase64(s string) bool {
	if len(s)%4 != 0 {
		return false
	}
	data := strings.TrimRight(s, "=")
	if len(s)-len(data) > 2 {
		return false
	}
	for i := range len(data) {
		if !isAlnum(data[i]) && data[i] != '+' && data[i] != '/' {
			return false
		}
	}
	if len(data) == len(s) {
		return true
	}
	_, err := base64.StdEncoding.Strict().DecodeString(s[len(s)-4:])
	return err == nil
}
