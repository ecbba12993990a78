package codec

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/scalar"
)

// Text returns the format of text/plain in UTF-8, for a single value: a string,
// a number, a bool, a time, a duration, a type with text methods, and types
// named after them.
func Text() Compiler { return textFormat{} }

type textFormat struct{ scalar scalar.Scalar }

func (textFormat) MediaType() string { return "text/plain" }

func (f textFormat) Compile(t reflect.Type, _ Options) (Format, error) {
	s, ok := scalar.Of(t)
	if !ok || t.Kind() == reflect.Slice {
		return nil, fmt.Errorf("%s: the kind %s has no form as a text", t, t.Kind())
	}
	return textFormat{s}, nil
}

func (f textFormat) form(v reflect.Value) (scalar.Scalar, error) {
	if f.scalar.Parse != nil {
		return f.scalar, nil
	}
	compiled, err := f.Compile(v.Type(), Options{})
	if err != nil {
		return scalar.Scalar{}, err
	}
	return compiled.(textFormat).scalar, nil
}

func (f textFormat) Append(dst []byte, v any) ([]byte, error) {
	value := reflect.ValueOf(v).Elem()
	s, err := f.form(value)
	if err != nil {
		return dst, err
	}
	text, err := s.Format(value)
	if err != nil {
		return dst, err
	}
	return append(dst, text...), nil
}

func (f textFormat) Decode(src []byte, v any) error {
	value := reflect.ValueOf(v).Elem()
	s, err := f.form(value)
	if err != nil {
		return err
	}
	if detail := s.Parse(value, string(src)); detail != "" {
		return ErrInvalid.WithViolations(endpoint.Violation{Detail: detail})
	}
	return nil
}

// Bytes returns the format of a body that is bytes as they are, for []byte and
// types named after it. mediaType is what they are, such as "image/png";
// empty means application/octet-stream.
func Bytes(mediaType string) Compiler {
	if mediaType == "" {
		mediaType = "application/octet-stream"
	}
	return bytesFormat{mediaType}
}

type bytesFormat struct{ media string }

func (f bytesFormat) MediaType() string { return f.media }

func (f bytesFormat) Compile(t reflect.Type, _ Options) (Format, error) {
	if t.Kind() != reflect.Slice || t.Elem().Kind() != reflect.Uint8 {
		return nil, fmt.Errorf("%s: %s takes []byte, not the kind %s", t, f.media, t.Kind())
	}
	return f, nil
}

func (f bytesFormat) Append(dst []byte, v any) ([]byte, error) {
	value := reflect.ValueOf(v).Elem()
	if _, err := f.Compile(value.Type(), Options{}); err != nil {
		return dst, err
	}
	return append(dst, value.Bytes()...), nil
}

func (f bytesFormat) Decode(src []byte, v any) error {
	value := reflect.ValueOf(v).Elem()
	if _, err := f.Compile(value.Type(), Options{}); err != nil {
		return err
	}
	value.SetBytes(slices.Clone(src))
	return nil
}
