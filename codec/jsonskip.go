package codec

// maxUnknown bounds the unknown members of an object that is read without json/v2: each name is
// compared with those before it. maxSkipped bounds how deep their values are.
const (
	maxUnknown = 32
	maxSkipped = 100
)

// A nameSpan is where the name of an unknown member is in the text.
type nameSpan struct{ start, end int }

// skipMember returns the index after an unknown member, whose name is at src[at]. The names of
// unknown members of the same object are in s.names from base on.
func (s *scratch) skipMember(src []byte, at, base, depth int) int {
	text, end := plain(src, at)
	if end == left || len(s.names)-base == maxUnknown {
		return left
	}
	for _, other := range s.names[base:] {
		if string(src[other.start:other.end]) == string(text) {
			return left
		}
	}
	s.names = append(s.names, nameSpan{at + 1, end - 1})
	return s.skip(src, colon(src, end), depth)
}

// skip returns the index after a value of any type. at may be left.
func (s *scratch) skip(src []byte, at, depth int) int {
	if at == left || depth == maxSkipped {
		return left
	}
	switch src[at] {
	case '{':
		return s.skipObject(src, at, depth)
	case '[':
		return s.skipArray(src, at, depth)
	case '"':
		_, end := s.textAt(src, at)
		return end
	case 't':
		return literal(src, at, "true")
	case 'f':
		return literal(src, at, "false")
	case 'n':
		return literal(src, at, "null")
	}
	return number(src, at)
}

func (s *scratch) skipObject(src []byte, at, depth int) int {
	base := len(s.names)
	at, more := open(src, at, '{', '}')
	for more {
		at, more = next(src, s.skipMember(src, at, base, depth+1), '}')
	}
	s.names = s.names[:base]
	return at
}

func (s *scratch) skipArray(src []byte, at, depth int) int {
	at, more := open(src, at, '[', ']')
	for more {
		at, more = next(src, s.skip(src, at, depth+1), ']')
	}
	return at
}
