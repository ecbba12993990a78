package thriftflags_test

import (
	"flag"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/examples/services/addsvc"
	"github.com/typedkit/endpoint/examples/services/addsvc/internal/thriftflags"
	"github.com/typedkit/endpoint/thriftx"
)

// parse returns the flags of a command line.
func parse(args string) (*thriftflags.Flags, error) {
	flags := flag.NewFlagSet("x", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	f := thriftflags.Var(flags)
	return f, flags.Parse(strings.Fields(args))
}

// TestProtocols makes a call between ends of all flags: it succeeds where both have the
// same, and where the server of header answers in kind.
func TestProtocols(t *testing.T) {
	t.Parallel()
	all := []string{
		"", "-thrift-protocol binary", "-thrift-protocol compact", "-thrift-protocol json", "-thrift-protocol header",
		"-thrift-framed", "-thrift-framed -thrift-protocol compact", "-thrift-framed -thrift-protocol json",
		"-thrift-framed -thrift-protocol header", "-thrift-buffer 1024",
	}
	for _, args := range all {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			f, err := parse(args)
			require.NoError(t, err)
			got, err := call(t, f, f)
			require.NoError(t, err)
			require.Equal(t, int64(3), got.V)
		})
	}
	framed, err := parse("-thrift-framed")
	require.NoError(t, err)
	header, err := parse("-thrift-protocol header")
	require.NoError(t, err)
	got, err := call(t, header, framed)
	require.NoError(t, err)
	require.Equal(t, int64(3), got.V)
	compact, err := parse("-thrift-protocol compact")
	require.NoError(t, err)
	_, err = call(t, framed, compact)
	require.Error(t, err)
}

// call makes a call between a server and a client of these flags.
func call(t *testing.T, server, client *thriftflags.Flags) (addsvc.SumReply, error) {
	t.Helper()
	// The client dials an address, which is that of a listener of the test.
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s, done := server.NewServer(), make(chan struct{})
	require.NoError(t, thriftx.Register(s, addsvc.New()))
	go func() {
		defer close(done)
		_ = s.Serve(l)
	}()
	conn := client.To(l.Addr().String())
	defer func() { _, _, _ = conn.Close(), s.Close(), <-done }()
	var c addsvc.Add
	require.NoError(t, thriftx.Client(conn, &c))
	return c.Sum(t.Context(), addsvc.SumRequest{A: 1, B: 2})
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"-thrift-protocol simplejson": `invalid value "simplejson" for flag -thrift-protocol: nothing can read what simplejson writes, not even Thrift's own library; use json`,
		"-thrift-protocol xml":        `invalid value "xml" for flag -thrift-protocol: the protocol must be binary, compact, json or header, got "xml"`,
		"-thrift-buffer x":            `invalid value "x" for flag -thrift-buffer: parse error`,
	} {
		_, err := parse(args)
		require.EqualError(t, err, want)
	}
}
