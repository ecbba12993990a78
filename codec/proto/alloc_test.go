//go:build !race

package proto_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/codec/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func TestAppendAllocatesNothing(t *testing.T) {
	c, err := codec.Of[*wrapperspb.StringValue](proto.Format(), codec.Options{})
	require.NoError(t, err)
	m, buf := wrapperspb.String("hello"), make([]byte, 0, 64)
	f := proto.Format()
	require.Zero(t, testing.AllocsPerRun(100, func() { buf, _ = f.Append(buf[:0], &m) }), "without Compile")
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() { buf, _ = c.Append(buf[:0], m) }), 1.0, "the pointer that codec.Of takes")
}
