package httpxtest

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// samples are texts of the formats.
var samples = map[string][]string{
	"date": {"2026-01-02", "2024-02-29"}, "time": {"03:04:05Z", "23:59:59.5+01:00"}, "date-time": {"2026-01-02T03:04:05Z", "2026-01-02T03:04:05.678+02:00"},
	"duration": {"P1DT2H", "PT1M"}, "email": {"ann@example.com", "b.c+d@example.org"}, "hostname": {"example.com", "a-1.test"},
	"ipv4": {"192.0.2.1", "10.0.0.1"}, "ipv6": {"2001:db8::1", "::1"}, "cidr": {"192.0.2.0/24", "2001:db8::/32"},
	"uri": {"https://example.com/a?b=c", "urn:a:b"}, "uuid": {"123e4567-e89b-42d3-a456-426614174000", "00000000-0000-4000-8000-000000000001"},
	"regex": {"^[a-z]+$", "a|b"}, "byte": {"AQI=", "AQID"},
}

func (m *maker) text(n *node) string {
	r := n.rules
	switch {
	case len(r.Enum) > 0:
		return r.Enum[m.rand.IntN(len(r.Enum))]
	case r.Pattern != "":
		return m.matching(r.Pattern, low(r.MinLength), r.MaxLength)
	case samples[r.Format] != nil:
		all := samples[r.Format]
		return all[m.rand.IntN(len(all))]
	}
	size := low(r.MinLength)
	most := size + 8
	if r.MaxLength != nil {
		most = min(most, *r.MaxLength)
	}
	if m.full {
		size = min(max(size, 1), most)
	}
	return m.letters(size + m.rand.IntN(most-size+1))
}

func (m *maker) letters(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = "abcdefghijklmnopqrstuvwxyz"[m.rand.IntN(26)]
	}
	return string(b)
}

// matching returns a text that matches a pattern, of a length that is allowed if one is found.
func (m *maker) matching(pattern string, least int, most *int) string {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return ""
	}
	match := regexp.MustCompile(pattern)
	found := ""
	for more := range 100 {
		var b strings.Builder
		m.write(&b, re.Simplify(), more%20)
		s := b.String()
		if missing := least - utf8.RuneCountInString(s); missing > 0 { // a pattern without anchors takes more
			s += strings.Repeat("a", missing)
		}
		if !match.MatchString(s) {
			continue
		}
		found = s
		if most == nil || utf8.RuneCountInString(s) <= *most {
			break
		}
	}
	return found
}

// write writes a text that matches re, with up to more repetitions of what may repeat.
func (m *maker) write(b *strings.Builder, re *syntax.Regexp, more int) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			b.WriteRune(r)
		}
	case syntax.OpCharClass:
		b.WriteRune(m.oneOf(re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte(byte('a' + m.rand.IntN(26)))
	case syntax.OpAlternate:
		m.write(b, re.Sub[m.rand.IntN(len(re.Sub))], more)
	case syntax.OpConcat, syntax.OpCapture:
		for _, sub := range re.Sub {
			m.write(b, sub, more)
		}
	case syntax.OpStar:
		m.repeat(b, re.Sub[0], m.rand.IntN(more+1), more)
	case syntax.OpPlus:
		m.repeat(b, re.Sub[0], 1+m.rand.IntN(more+1), more)
	case syntax.OpQuest:
		m.repeat(b, re.Sub[0], m.rand.IntN(2), more)
	}
}

func (m *maker) repeat(b *strings.Builder, re *syntax.Regexp, times, more int) {
	for range times {
		m.write(b, re, more)
	}
}

// oneOf returns a character of a class, which is pairs of bounds; one that is printable ASCII
// if there is one.
func (m *maker) oneOf(class []rune) rune {
	var from, to rune
	for i := 0; i+1 < len(class); i += 2 {
		lo, hi := max(class[i], '!'), min(class[i+1], '~')
		if lo <= hi && (from == 0 || m.rand.IntN(2) == 0) {
			from, to = lo, hi
		}
	}
	if from == 0 {
		if len(class) == 0 {
			return 'a'
		}
		return class[0]
	}
	return from + m.rand.Int32N(to-from+1)
}
