package items_test

import (
	"bytes"
	"testing"

	libcbor "github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/codec"
	libmsgpack "github.com/vmihailenco/msgpack/v5"
)

type page struct {
	Title string   `json:"title"`
	Total int      `json:"total"`
	Lines []line   `json:"lines"`
	Tags  []string `json:"tags"`
}

type line struct {
	ID    uint64  `json:"id"`
	Name  string  `json:"name"`
	Price float64 `json:"price"`
	Stock bool    `json:"stock"`
}

func newPage() page {
	p := page{Title: "all of them", Total: 1000, Tags: []string{"a", "bb", "ccc"}}
	for i := range uint64(50) {
		p.Lines = append(p.Lines, line{1 << i, "a name of a line", float64(i) + 0.25, i%2 == 0})
	}
	return p
}

// BenchmarkFormats compares the formats with JSON, and with the libraries alone,
// which check less.
func BenchmarkFormats(b *testing.B) {
	in := newPage()
	for name, f := range map[string]codec.Format{"JSON": codec.JSON(), "CBOR": formats["CBOR"], "MessagePack": formats["MessagePack"]} {
		c, err := codec.Of[page](f, codec.Options{})
		require.NoError(b, err)
		text, err := c.Append(nil, in)
		require.NoError(b, err)
		b.Run(name+"/append", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				text, _ = c.Append(text[:0], in)
			}
		})
		b.Run(name+"/decode", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var out page
				_ = c.Decode(text, &out)
			}
		})
	}
	benchmarkLibraries(b, in)
}

func benchmarkLibraries(b *testing.B, in page) {
	b.Helper()
	text, err := libcbor.Marshal(in)
	require.NoError(b, err)
	b.Run("fxamacker/append", func(b *testing.B) {
		b.ReportAllocs()
		var buf bytes.Buffer
		for b.Loop() {
			buf.Reset()
			_ = libcbor.MarshalToBuffer(in, &buf)
		}
	})
	b.Run("fxamacker/decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var out page
			_ = libcbor.Unmarshal(text, &out)
		}
	})
	var buf bytes.Buffer
	enc := libmsgpack.NewEncoder(&buf)
	enc.SetCustomStructTag("json")
	require.NoError(b, enc.Encode(in))
	packed := bytes.Clone(buf.Bytes())
	b.Run("vmihailenco/append", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			buf.Reset()
			_ = enc.Encode(in)
		}
	})
	b.Run("vmihailenco/decode", func(b *testing.B) {
		b.ReportAllocs()
		dec := libmsgpack.NewDecoder(nil)
		for b.Loop() {
			var out page
			dec.Reset(bytes.NewReader(packed))
			dec.SetCustomStructTag("json")
			_ = dec.Decode(&out)
		}
	})
}
