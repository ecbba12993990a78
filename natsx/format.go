package natsx

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
)

// format is a codec.Format for one type, with the name that it has on the wire.
type format struct {
	codec.Format
	media   string
	header  []string // media, as the value of a header
	ignores bool     // the type is Empty, whatever the message
}

var emptyType = reflect.TypeFor[endpoint.Empty]()

// compile returns the formats made ready for values of type t.
func compile(formats []codec.Format, t reflect.Type, opts codec.Options) ([]format, []error) {
	var faults []error
	compiled := make([]format, 0, len(formats))
	for _, f := range formats {
		media := strings.ToLower(f.MediaType())
		var err error
		switch {
		case media == "" || strings.ContainsAny(media, " ;\r\n"):
			err = fmt.Errorf("the format has the media type %q", media)
		case slices.ContainsFunc(compiled, func(c format) bool { return c.media == media }):
			err = fmt.Errorf("two formats have the media type %q", media)
		default:
			if c, ok := f.(codec.Compiler); ok {
				f, err = c.Compile(t, opts)
			}
		}
		if err != nil {
			faults = append(faults, err)
			continue
		}
		compiled = append(compiled, format{f, media, []string{media}, t == emptyType})
	}
	return compiled, faults
}

// choose returns which of the formats a message is in, by its content type. One without a
// type is in the first format.
func choose(formats []format, contentType string) (int, error) {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	if media == "" {
		return 0, nil
	}
	for i, f := range formats {
		if f.media == media {
			return i, nil
		}
	}
	return 0, ErrUnsupportedMediaType.With("unsupported media type; accepted: %s", mediaTypes(formats))
}

func mediaTypes(formats []format) string {
	names := make([]string, 0, len(formats))
	for _, f := range formats {
		names = append(names, f.media)
	}
	return strings.Join(names, ", ")
}

// read decodes data into the value that v points to. A message of an Empty may have no
// data.
func (f *format) read(data []byte, v any) error {
	if f.ignores && len(data) == 0 {
		return nil
	}
	return f.Decode(data, v)
}

// readResponse decodes the data of a response or of an item, whose Content-Type is media.
func (f *format) readResponse(data []byte, media string, v any) error {
	if f.ignores {
		return nil
	}
	if _, err := choose([]format{*f}, media); err != nil {
		return errors.New("its type is not " + f.media)
	}
	return f.Decode(data, v)
}

// write encodes the value that v points to.
func (f *format) write(v any) ([]byte, error) {
	const most = 128 // bytes of most messages
	return f.Append(make([]byte, 0, most), v)
}
