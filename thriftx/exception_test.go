package thriftx_test

import (
	"net"
	"testing"
	"testing/synctest"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
)

// TestForeignTexts has what a client makes of the texts of exceptions.
func TestForeignTexts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		kind int32
		code endpoint.Code
		id   string
		msg  string
	}{
		"NOT_FOUND shop/NO_ITEM: no such item":      {thrift.INTERNAL_ERROR, endpoint.NotFound, "shop/NO_ITEM", "no such item"},
		"NOT_FOUND example.com/shop/NO_ITEM: a: b":  {thrift.INTERNAL_ERROR, endpoint.NotFound, "example.com/shop/NO_ITEM", "a: b"},
		"NOT_FOUND: no such item":                   {thrift.INTERNAL_ERROR, endpoint.NotFound, "/", "no such item"},
		"NOT_FOUND: ":                               {thrift.INTERNAL_ERROR, endpoint.NotFound, "/", "not found"},
		"OK: all is well":                           {thrift.INTERNAL_ERROR, endpoint.Unknown, "/", "OK: all is well"},
		"NOT_FOUND":                                 {thrift.INTERNAL_ERROR, endpoint.Unknown, "/", "NOT_FOUND"},
		"NOT_FOUND in shop/a: b":                    {thrift.INTERNAL_ERROR, endpoint.Unknown, "/", "NOT_FOUND in shop/a: b"},
		"NOT_FOUND /NO_ITEM: b":                     {thrift.INTERNAL_ERROR, endpoint.Unknown, "/", "NOT_FOUND /NO_ITEM: b"},
		"NOT_FOUND shop: b":                         {thrift.INTERNAL_ERROR, endpoint.Unknown, "/", "NOT_FOUND shop: b"},
		"Internal error processing sum: two zeroes": {thrift.INTERNAL_ERROR, endpoint.Unknown, "/", "Internal error processing sum: two zeroes"},
		"Unknown function sum":                      {thrift.UNKNOWN_METHOD, endpoint.Unimplemented, "/", "Unknown function sum"},
		"bad \xff text":                             {thrift.PROTOCOL_ERROR, endpoint.Unknown, "/", "bad \ufffd text"},
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				body := append([]byte{thrift.STRING, 0, 1, 0, 0, 0, byte(len(text))}, text...)
				body = append(body, thrift.I32, 0, 2, 0, 0, 0, byte(want.kind), 0)
				l := answering(t, func(conn net.Conn) { _, _ = conn.Write(reply("sum", thrift.EXCEPTION, 1, body...)) })
				c, _ := dial(t, l)
				_, err := c.Sum(t.Context(), SumRequest{1, 2})
				e := endpoint.ErrorOf(err)
				require.True(t, e.Remote())
				require.Equal(t, want.code, e.Code())
				require.Equal(t, want.id, e.Domain()+"/"+e.Reason())
				require.Equal(t, want.msg, e.Message())
			})
		})
	}
}
