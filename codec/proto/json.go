package proto

import (
	"bytes"
	"encoding/json/jsontext"
	"errors"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/typedkit/endpoint/codec"
	"google.golang.org/protobuf/encoding/protojson"
)

// JSON returns the format of application/json for pointers to messages: ProtoJSON,
// where names are in lowerCamelCase, integers of 64 bits are strings, enums are
// their names, and fields with their default are left out. [codec.JSON] has no
// form for messages, so a service of messages has
// httpx.Formats(proto.JSON(), proto.Format()), and a route of its own in another
// service httpx.RequestCodec and httpx.ResponseCodec.
//
// Unknown members are an error unless [codec.Options.AllowUnknown] is set.
// Equal messages are equal bytes.
func JSON() codec.Compiler { return jsonFormat{} }

// See decision 33.
type jsonFormat struct {
	of      kind
	lenient bool
}

func (jsonFormat) MediaType() string { return "application/json" }

func (jsonFormat) Compile(t reflect.Type, opts codec.Options) (codec.Format, error) {
	k, err := kindOf(t)
	return jsonFormat{k, opts.AllowUnknown}, err
}

func (f jsonFormat) Append(dst []byte, v any) ([]byte, error) {
	m, err := f.of.message(v, false)
	if err != nil {
		return dst, err
	}
	out, err := protojson.MarshalOptions{}.MarshalAppend(dst, m)
	if err != nil {
		return dst, err
	}
	// The library puts spaces in at random, so that nobody relies on its text.
	text := jsontext.Value(out[len(dst):])
	if err := text.Compact(); err != nil {
		return dst, err
	}
	return append(dst, text...), nil
}

func (f jsonFormat) Decode(src []byte, v any) error {
	m, err := f.of.message(v, true)
	if err != nil {
		return err
	}
	opts := protojson.UnmarshalOptions{AllowPartial: true, DiscardUnknown: f.lenient, RecursionLimit: maxDepth}
	if err := opts.Unmarshal(src, m); err != nil {
		return explain(src, err)
	}
	return complete(m)
}

// explain says in words of ours why the library refused src.
func explain(src []byte, cause error) error {
	if len(bytes.TrimSpace(src)) == 0 {
		return invalid("", "empty; a JSON value is expected", cause)
	}
	if err := syntax(src); err != nil {
		detail := "not valid JSON"
		if syn, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
			detail += " at byte " + strconv.FormatInt(syn.ByteOffset, 10)
		}
		return invalid("", detail, cause)
	}
	return invalid(place(src, cause), words(cause), cause)
}

// syntax returns where src stops being one JSON value.
func syntax(src []byte) error {
	dec := jsontext.NewDecoder(bytes.NewReader(src), jsontext.AllowDuplicateNames(true))
	if err := dec.SkipValue(); err != nil {
		return err
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return errors.Join(err, errors.New("more than one value"))
	}
	return nil
}

// words tells the library's errors apart by their texts, of which nothing else
// is passed on: they repeat the input. One that is worded in a new way is still
// an error, with fewer words.
func words(err error) string {
	text := err.Error()
	switch {
	case strings.Contains(text, "unknown field"):
		return "unknown member"
	case strings.Contains(text, "duplicate"):
		return "more than once"
	case strings.Contains(text, "recursion"), strings.Contains(text, "exceeded max"):
		return "nested too deeply"
	}
	return "not valid for this field"
}

var position = regexp.MustCompile(`\(line (\d+):(\d+)\)`)

// place returns the pointer to where the library says that the fault is; "" if
// it does not say.
func place(src []byte, err error) string {
	at := position.FindStringSubmatch(err.Error())
	if at == nil {
		return ""
	}
	line, _ := strconv.Atoi(at[1])
	column, _ := strconv.Atoi(at[2])
	offset := 0
	for range line - 1 {
		offset += bytes.IndexByte(src[offset:], '\n') + 1
	}
	for range column - 1 { // runes
		_, size := utf8.DecodeRune(src[offset:])
		offset += size
	}
	dec := jsontext.NewDecoder(bytes.NewReader(src), jsontext.AllowDuplicateNames(true))
	for dec.InputOffset() <= int64(offset) {
		if _, err := dec.ReadToken(); err != nil {
			return ""
		}
	}
	return string(dec.StackPointer())
}
