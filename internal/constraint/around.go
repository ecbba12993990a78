package constraint

import "github.com/typedkit/endpoint/codec"

// Around returns f with the rules checked of what it reads, and with its defaults. A Plan that is nil returns f.
func (p *Plan) Around(f codec.Format) codec.Format {
	if p == nil || f == nil {
		return f
	}
	return &checked{f, p}
}

type checked struct {
	codec.Format

	rules *Plan
}

// Decode sets the defaults, and reads all of src into the value that v points to.
func (c *checked) Decode(src []byte, v any) error {
	c.rules.SetDefaults(v)
	return c.rules.Check(v, c.Format.Decode(src, v))
}
