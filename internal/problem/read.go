package problem

import (
	"bytes"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"

	"github.com/typedkit/endpoint/internal/bounds"
)

// Read reads the body of an error. cut reports whether body is only the start
// of it, of which the members that are whole are read. ok reports whether the body is
// a problem, if it has a code. It takes time in proportion to the body. See decision
// 128.
func Read(body []byte, cut bool) (d *Document, ok bool) {
	d = new(Document)
	if len(body) > bounds.ErrorBytes {
		body, cut = body[:bounds.ErrorBytes], true
	}
	if len(body) == 0 || body[0] != '{' {
		return d, false
	}
	if cut {
		body = closeObject(body)
	}
	return d, json.Unmarshal(body, d, inBounds) == nil
}

// inBounds makes json read no more than bounds.Members members of each kind.
var inBounds = json.WithUnmarshalers(json.JoinUnmarshalers(
	json.UnmarshalFromFunc(readFirst[Violation]),
	json.UnmarshalFromFunc(readFirst[Link]),
	json.UnmarshalFromFunc(readFirstPairs),
))

// readFirst reads the first elements of an array and skips the others. T is the type
// of an element.
func readFirst[T any](dec *jsontext.Decoder, all *[]T) error {
	if dec.PeekKind() != jsontext.KindBeginArray {
		return errors.ErrUnsupported
	}
	return each(dec, func(n int) error {
		if n >= bounds.Members {
			return dec.SkipValue()
		}
		*all = append(*all, *new(T))
		return json.UnmarshalDecode(dec, &(*all)[n])
	})
}

// readFirstPairs reads the first members of an object and skips the others.
func readFirstPairs(dec *jsontext.Decoder, all *map[string]string) error {
	if dec.PeekKind() != jsontext.KindBeginObject {
		return errors.ErrUnsupported
	}
	*all = map[string]string{}
	return each(dec, func(n int) error {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		if n >= bounds.Members {
			return dec.SkipValue()
		}
		key, value := name.String(), ""
		err = json.UnmarshalDecode(dec, &value)
		(*all)[key] = value
		return err
	})
}

// each calls read for each element of an array or member of an object, with its
// number, until one fails.
func each(dec *jsontext.Decoder, read func(n int) error) error {
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for n := 0; ; n++ {
		switch dec.PeekKind() {
		case jsontext.KindEndArray, jsontext.KindEndObject, jsontext.KindInvalid:
			_, err := dec.ReadToken()
			return err
		}
		if err := read(n); err != nil {
			return err
		}
	}
}

// problemDepth is how deeply objects and arrays of a problem are nested: a fault is an
// object in an array in the problem.
const problemDepth = 3

// closeObject returns the start of an object up to the last value that is whole, with
// the ends of what is open there. It returns an object that is whole without what
// follows it.
func closeObject(start []byte) []byte {
	dec := jsontext.NewDecoder(bytes.NewReader(start))
	var end int
	var ends []byte
	for {
		kind := dec.PeekKind()
		opens := kind == jsontext.KindBeginObject || kind == jsontext.KindBeginArray
		var err error
		if opens && dec.StackDepth() == problemDepth {
			err = dec.SkipValue()
		} else {
			_, err = dec.ReadToken()
		}
		at := int(dec.InputOffset())
		// A number at the end may have more digits.
		if err != nil || at == len(start) && kind == jsontext.KindNumber {
			return append(start[:end:end], ends...)
		}
		if !isBetween(dec) {
			continue
		}
		end, ends = at, ends[:0]
		for depth := dec.StackDepth(); depth > 0; depth-- {
			if kind, _ := dec.StackIndex(depth); kind == jsontext.KindBeginObject {
				ends = append(ends, '}')
			} else {
				ends = append(ends, ']')
			}
		}
		if len(ends) == 0 {
			return start[:end]
		}
	}
}

// isBetween reports whether dec is not between the name of a member and its value.
func isBetween(dec *jsontext.Decoder) bool {
	kind, n := dec.StackIndex(dec.StackDepth())
	return kind != jsontext.KindBeginObject || n%2 == 0
}
