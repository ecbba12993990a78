package codec

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"encoding/xml"
	"errors"
)

// An Optional is a value of type T that may be absent, null, or there. Its zero
// value is absent. A request to change some fields of a thing has Optional
// fields: absent leaves the field alone, null clears it.
//
// As a member of JSON it needs the tag option omitzero, without which an absent
// one would be written as null; types that lack it fail at construction. As a
// parameter (path, query, header, cookie, form) it is absent or there; null has
// no form there.
type Optional[T any] struct {
	value T
	state presence
}

type presence uint8

const (
	absent presence = iota
	null
	there
)

// Some returns an Optional whose value is there.
func Some[T any](v T) Optional[T] { return Optional[T]{value: v, state: there} }

// Get returns the value; ok is false when it is absent or null.
func (o Optional[T]) Get() (v T, ok bool) { return o.value, o.state == there }

// Or returns the value, or v when it is absent or null.
func (o Optional[T]) Or(v T) T {
	if o.state == there {
		return o.value
	}
	return v
}

// IsZero says that it is absent.
func (o Optional[T]) IsZero() bool { return o.state == absent }

// IsNull says that it is null.
func (o Optional[T]) IsNull() bool { return o.state == null }

// Set makes v its value.
func (o *Optional[T]) Set(v T) { o.value, o.state = v, there }

// SetNull makes it null.
func (o *Optional[T]) SetNull() { *o = Optional[T]{state: null} }

// Clear makes it absent.
func (o *Optional[T]) Clear() { *o = Optional[T]{} }

// Apply does to dst what the Optional asks: nothing when it is absent, the zero
// value when it is null, else its value.
func (o Optional[T]) Apply(dst *T) {
	if o.state != absent {
		*dst = o.value
	}
}

// Target returns a *T to fill, and counts as there from now on. For authors of
// codecs and transports, who do not know T.
func (o *Optional[T]) Target() any {
	o.state = there
	return &o.value
}

// Peek returns a *T to read, and whether the value is there. For authors of
// codecs and transports, who do not know T.
func (o *Optional[T]) Peek() (value any, ok bool) { return &o.value, o.state == there }

// MarshalJSONTo writes the value, or null.
func (o Optional[T]) MarshalJSONTo(enc *jsontext.Encoder) error {
	if o.state != there {
		return enc.WriteToken(jsontext.Null)
	}
	return json.MarshalEncode(enc, &o.value)
}

// UnmarshalJSONFrom reads a value or a null.
func (o *Optional[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() == jsontext.KindNull {
		o.SetNull()
		return dec.SkipValue()
	}
	o.Clear()
	if err := json.UnmarshalDecode(dec, &o.value); err != nil {
		return err
	}
	o.state = there
	return nil
}

// MarshalXML writes the value, or nothing when it is absent. Its error says that
// null has no form in XML.
func (o Optional[T]) MarshalXML(enc *xml.Encoder, start xml.StartElement) error {
	switch o.state {
	case absent:
		return nil
	case null:
		return errNoNull
	default:
		return enc.EncodeElement(&o.value, start)
	}
}

var errNoNull = errors.New("null has no form in XML")

// UnmarshalXML reads a value.
func (o *Optional[T]) UnmarshalXML(dec *xml.Decoder, start xml.StartElement) error {
	o.Clear()
	if err := dec.DecodeElement(&o.value, &start); err != nil {
		return err
	}
	o.state = there
	return nil
}
