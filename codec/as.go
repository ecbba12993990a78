package codec

import "reflect"

// As returns f under another media type, for peers that know the format by
// another name: As(cbor.Format(), "application/vnd.example+cbor"). What f reads
// and writes stays as it is.
func As(f Format, mediaType string) Compiler { return renamed{f, mediaType} }

type renamed struct {
	Format
	media string
}

func (r renamed) MediaType() string { return r.media }

func (r renamed) Compile(t reflect.Type, opts Options) (Format, error) {
	c, ok := r.Format.(Compiler)
	if !ok {
		return r, nil
	}
	compiled, err := c.Compile(t, opts)
	if err != nil {
		return nil, err
	}
	return renamed{compiled, r.media}, nil
}
