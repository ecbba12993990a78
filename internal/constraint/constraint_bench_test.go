package constraint_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/constraint"
)

type order struct {
	ID       string      `json:"id" required:"true" format:"uuid"`
	Customer string      `json:"customer" required:"true" minLength:"1" maxLength:"80"`
	Email    string      `json:"email" required:"true" format:"email"`
	Kind     string      `json:"kind" required:"true" enum:"web,shop,phone"`
	Note     string      `json:"note" maxLength:"500"`
	Lines    []orderLine `json:"lines" required:"true" minItems:"1" maxItems:"100"`
}

type orderLine struct {
	SKU   string  `json:"sku" required:"true" minLength:"3" maxLength:"20"`
	Count int     `json:"count" required:"true" minimum:"1" maximum:"1000"`
	Price float64 `json:"price" required:"true" minimum:"0"`
}

// BenchmarkCheck checks a valid value of 1 KB, and decodes it, for the ratio of both.
func BenchmarkCheck(b *testing.B) {
	p, faults := constraint.Compile(reflect.TypeFor[order](), constraint.Options{})
	require.Empty(b, faults)
	o := order{ID: "f47ac10b-58cc-4372-a567-0e02b2c3d479", Customer: "Ann Example", Email: "ann@example.com", Kind: "web", Note: strings.Repeat("note ", 80)}
	for range 10 {
		o.Lines = append(o.Lines, orderLine{"SKU-12345", 3, 12.5})
	}
	c, err := codec.Of[order](codec.JSON(), codec.Options{})
	require.NoError(b, err)
	text, err := c.Append(nil, o)
	require.NoError(b, err)
	b.Run("check", func(b *testing.B) {
		for b.Loop() {
			if p.Check(&o, nil) != nil {
				b.Fatal("not valid")
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportMetric(float64(len(text)), "bytes")
		for b.Loop() {
			var v order
			if c.Decode(text, &v) != nil {
				b.Fatal("not valid")
			}
		}
	})
}
