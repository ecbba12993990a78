package httpx_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// textCodec is a codec of the user's that finds errors in responses.
type textCodec struct{}

func (textCodec) MediaType() string                           { return "text/x-words" }
func (textCodec) Append(dst []byte, v string) ([]byte, error) { return append(dst, v...), nil }

func (textCodec) Decode(src []byte, v *string) error {
	*v = string(src)
	switch {
	case bytes.Equal(src, []byte("missing")):
		return errNoProfile
	case bytes.Equal(src, []byte("malformed")):
		return endpoint.Errorf(endpoint.InvalidArgument, "malformed")
	case bytes.Equal(src, []byte("opaque")):
		return errors.New("opaque")
	}
	return nil
}

// TestErrorOfCodec holds that a codec of the user's may find an error in a success, and
// that a response which merely cannot be read is the server's fault.
func TestErrorOfCodec(t *testing.T) {
	t.Parallel()
	opt := httpx.ResponseCodec(textCodec{})
	h := mounted(t, route("POST", "/", func(_ context.Context, s string) (string, error) { return s, nil }, opt))
	c := route[string, string]("POST", "/", nil, opt)
	dial(t, listen(t, h), c)
	for text, want := range map[string]endpoint.Code{
		"missing": endpoint.NotFound, "malformed": endpoint.Internal, "opaque": endpoint.Internal, "fine": endpoint.OK,
	} {
		_, err := c.Do(t.Context(), text)
		require.Equal(t, want, endpoint.CodeOf(err), "%s: %v", text, err)
		if want == endpoint.NotFound {
			require.ErrorIs(t, err, errNoProfile)
			require.True(t, endpoint.ErrorOf(err).Remote())
			require.True(t, endpoint.MaybeSent(err))
		}
	}
}
