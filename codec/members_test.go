package codec_test

import (
	"encoding/json/jsontext"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
)

type (
	dated struct {
		At time.Time `json:"at"`
	}
	booking struct {
		Room string `json:"room"`
		dated
		Hidden  int `json:"-"`
		Seats   int
		private int
	}
	open struct {
		Room string
		Rest map[string]int `json:",embed"`
	}
)

func TestMembers(t *testing.T) {
	t.Parallel()
	_ = booking{}.private
	for _, tt := range []struct {
		of   any
		want []string
		ok   bool
	}{
		{booking{}, []string{"room", "at", "Seats"}, true},
		{endpoint.Empty{}, nil, true},
		{open{}, nil, false},
		{time.Time{}, nil, false},
		{codec.Some(booking{}), nil, false},
		{&booking{}, nil, false},
		{jsontext.Value{}, nil, false},
		{7, nil, false},
	} {
		names, ok := codec.Members(reflect.TypeOf(tt.of))
		require.Equal(t, tt.want, names, "%T", tt.of)
		require.Equal(t, tt.ok, ok, "%T", tt.of)
	}
}
