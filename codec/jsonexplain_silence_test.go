package codec_test

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/codec"
)

// TestErrorsRepeatNothing guards that no text of an error, which is logged, has a
// value that was sent: those of decoders have.
func TestErrorsRepeatNothing(t *testing.T) {
	t.Parallel()
	type sent struct {
		At   string `json:"at" form:"at" xml:"at"`
		From string `json:"from" form:"from" xml:"from"`
		N    string `json:"n" form:"n" xml:"n"`
	}
	type at struct {
		At time.Time `json:"at" form:"at" xml:"at"`
	}
	type from struct {
		From netip.Addr `json:"from" form:"from" xml:"from"`
	}
	type n struct {
		N int `json:"n" form:"n" xml:"n"`
	}
	for name, f := range map[string]codec.Format{"JSON": codec.JSON(), "XML": codec.XML(), "form": codec.Form()} {
		body, err := f.Append(nil, &sent{"hunter2", "hunter2", "hunter2"})
		require.NoError(t, err, name)
		for _, v := range []any{new(at), new(from), new(n)} {
			err := f.Decode(body, v)
			require.ErrorIs(t, err, codec.ErrInvalid, name)
			require.NotContains(t, err.Error(), "hunter2", "%s, %T", name, v)
			require.NotContains(t, fmt.Sprint(errors.Unwrap(err)), "hunter2", "%s, %T", name, v)
		}
	}
	err := codec.JSON().Decode([]byte(`{"at":"hunter2"}`), new(at))
	_, ok := errors.AsType[*time.ParseError](err)
	require.True(t, ok, "the decoder's error is found: %v", err)
}
