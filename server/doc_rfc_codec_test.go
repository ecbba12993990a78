package server_test

import (
	"net/http"
	"reflect"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/codec/cbor"
)

// ternary is a format of one's own: an int in base 3.
type ternary struct{}

func (ternary) MediaType() string { return "application/ternary" }

func (ternary) Append(dst []byte, v any) ([]byte, error) {
	return strconv.AppendInt(dst, reflect.ValueOf(v).Elem().Int(), 3), nil
}

func (ternary) Decode(src []byte, v any) error {
	n, err := strconv.ParseInt(string(src), 3, 64)
	if err != nil {
		return codec.ErrInvalid
	}
	reflect.ValueOf(v).Elem().SetInt(n)
	return nil
}

// encodings are formats with a request of Post and its response.
var encodings = []struct {
	codec.Format
	subtype           string // over gRPC
	request, response string
}{
	{codec.JSON(), "json", "21", "42"},
	{cbor.Format(), "cbor", "\x15", "\x18\x2a"},
	{ternary{}, "ternary", "210", "1120"},
}

// TestRFC000CodecIsInterchangeable has services that speak one format each.
func TestRFC000CodecIsInterchangeable(t *testing.T) {
	t.Parallel()
	for _, e := range encodings {
		t.Run(e.subtype, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, served(double), setup{formats: []codec.Format{e}})
			for _, transport := range transports {
				got, err := h.client(t, transport).Post(t.Context(), 21)
				require.NoError(t, err)
				require.Equal(t, 42, got)
			}
			require.Equal(t, e.response, h.post(t, e.request, map[string]string{"Content-Type": e.MediaType()}).body)
			got, err := h.invoke(t, e.subtype, e.request)
			require.NoError(t, err)
			require.Equal(t, e.response, got.body)
		})
	}
}

// manyEncodings returns a host that speaks all formats.
func manyEncodings(t *testing.T) *host {
	t.Helper()
	return newHost(t, served(double), setup{formats: []codec.Format{encodings[0], encodings[1], encodings[2]}})
}

// TestRFC000ServerSupportsSeveralEncodings has requests in each format, and responses in
// each that is asked for.
func TestRFC000ServerSupportsSeveralEncodings(t *testing.T) {
	t.Parallel()
	h := manyEncodings(t)
	for _, in := range encodings {
		for _, out := range encodings {
			got := h.post(t, in.request, map[string]string{"Content-Type": in.MediaType(), "Accept": out.MediaType()})
			require.Equal(t, out.response, got.body, "from %s to %s", in.subtype, out.subtype)
		}
		got, err := h.invoke(t, in.subtype, in.request)
		require.NoError(t, err)
		require.Equal(t, in.response, got.body)
	}
	require.Equal(t, http.StatusUnsupportedMediaType, h.post(t, "21", map[string]string{"Content-Type": "application/x-other"}).status)
	require.Equal(t, http.StatusNotAcceptable, h.post(t, "21", map[string]string{"Accept": "application/x-other"}).status)
}

// TestRFC000ServerIndicatesTheEncoding has responses that name their format.
func TestRFC000ServerIndicatesTheEncoding(t *testing.T) {
	t.Parallel()
	h := manyEncodings(t)
	for _, e := range encodings {
		require.Equal(t, e.MediaType(), h.post(t, "21", map[string]string{"Accept": e.MediaType()}).contentType)
		got, err := h.invoke(t, e.subtype, e.request)
		require.NoError(t, err)
		require.Equal(t, "application/grpc+"+e.subtype, got.contentType)
	}
}
