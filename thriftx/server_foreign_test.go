package thriftx_test

import (
	"context"
	"errors"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/thriftx"
	"github.com/typedkit/endpoint/thriftx/internal/zoothrift"
)

// A dialect is a protocol, as this package, Thrift's library for Go and the program in
// Python name it.
type dialect struct {
	wire      []thriftx.WireOption
	transport thrift.TTransportFactory
	protocol  thrift.TProtocolFactory
	python    []string
}

func dialects() map[string]dialect {
	buffered, framed := thrift.NewTBufferedTransportFactory(4096), thrift.NewTFramedTransportFactoryConf(thrift.NewTTransportFactory(), nil)
	binary, compact := thrift.NewTBinaryProtocolFactoryConf(nil), thrift.NewTCompactProtocolFactoryConf(nil)
	header := thrift.NewTHeaderProtocolFactoryConf(nil)
	return map[string]dialect{
		"binary":          {nil, buffered, binary, []string{"binary", "buffered"}},
		"binary, framed":  {[]thriftx.WireOption{thriftx.Framed()}, framed, binary, []string{"binary", "framed"}},
		"compact":         {[]thriftx.WireOption{thriftx.Speak(thriftx.Compact)}, buffered, compact, []string{"compact", "buffered"}},
		"compact, framed": {[]thriftx.WireOption{thriftx.Speak(thriftx.Compact), thriftx.Framed()}, framed, compact, []string{"compact", "framed"}},
		"JSON":            {[]thriftx.WireOption{thriftx.Speak(thriftx.JSON)}, buffered, thrift.NewTJSONProtocolFactory(), []string{"json", "buffered"}},
		"JSON, framed":    {[]thriftx.WireOption{thriftx.Speak(thriftx.JSON), thriftx.Framed()}, framed, thrift.NewTJSONProtocolFactory(), []string{"json", "framed"}},
		"header":          {[]thriftx.WireOption{thriftx.Speak(thriftx.Header)}, thrift.NewTTransportFactory(), header, []string{"header", "buffered"}},
	}
}

// accepted are what a server of Header takes beside its own.
func accepted() map[string]dialect {
	all := dialects()
	maps.DeleteFunc(all, func(name string, _ dialect) bool { return name == "JSON" || name == "JSON, framed" })
	for name, d := range all {
		d.wire = []thriftx.WireOption{thriftx.Speak(thriftx.Header)}
		all[name] = d
	}
	return all
}

// startShop serves a Shop on this machine and returns its address.
func startShop(t *testing.T, wire []thriftx.WireOption, notes chan<- string) string {
	t.Helper()
	opts, _ := both(wire...)
	s := thriftx.NewServer(opts...)
	require.NoError(t, thriftx.Register(s, newShop(notes)))
	l := listen(t)
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		require.NoError(t, <-done)
	})
	return l.Addr().String()
}

// TestForeignClient has a client that Thrift generated call a server of this package.
func TestForeignClient(t *testing.T) {
	t.Parallel()
	for kind, all := range map[string]map[string]dialect{"the same": dialects(), "a server of header": accepted()} {
		for name, d := range all {
			t.Run(kind+", "+name, func(t *testing.T) {
				t.Parallel()
				notes := make(chan string, 1)
				conf := &thrift.TConfiguration{}
				socket := thrift.NewTSocketConf(startShop(t, d.wire, notes), conf)
				transport, err := d.transport.GetTransport(socket)
				require.NoError(t, err)
				require.NoError(t, transport.Open())
				defer transport.Close()
				checkForeignClient(t, zoothrift.NewZooClientFactory(transport, d.protocol), notes)
			})
		}
	}
}

func checkForeignClient(t *testing.T, c *zoothrift.ZooClient, notes <-chan string) {
	t.Helper()
	ctx := t.Context()
	for n := range int64(3) {
		sum, err := c.Sum(ctx, n, 4)
		require.NoError(t, err)
		require.Equal(t, n+4, sum)
	}
	got, err := c.Order(ctx, "pen", 1)
	require.NoError(t, err)
	require.Equal(t, "a pen", got.Text)

	_, err = c.Order(ctx, "ink", 1)
	var soldOut *zoothrift.SoldOut
	require.ErrorAs(t, err, &soldOut)
	require.Equal(t, "ink", soldOut.Item)

	checkException(t, thrift.INTERNAL_ERROR, "NOT_FOUND shop/NO_ITEM: no such item", second(c.Order(ctx, "cap", 1)))
	checkException(t, thrift.INTERNAL_ERROR, "INVALID_ARGUMENT endpoint/INVALID_REQUEST: invalid request", second(c.Order(ctx, "pen", 0)))
	checkException(t, thrift.INTERNAL_ERROR, "OUT_OF_RANGE shop/OVERFLOW: integer overflow", second(c.Sum(ctx, 1<<62, 1<<62)))
	checkException(t, thrift.UNKNOWN_METHOD, "UNIMPLEMENTED endpoint/NO_ROUTE: no such method", c.Empty(ctx))

	require.NoError(t, c.Note(ctx, &zoothrift.Message{Text: "a note"}))
	require.Equal(t, "a note", <-notes)
	sum, err := c.Sum(ctx, 1, 2)
	require.NoError(t, err, "the connection goes on")
	require.Equal(t, int64(3), sum)
}

func second[T any](_ T, err error) error { return err }

func checkException(t *testing.T, kind int32, text string, err error) {
	t.Helper()
	var e thrift.TApplicationException
	require.ErrorAs(t, err, &e)
	require.Equal(t, kind, e.TypeId())
	require.Equal(t, text, e.Error())
}

// foreignShop is a handler for the server that Thrift generated.
type foreignShop struct {
	zoothrift.Zoo

	notes chan<- string
}

func (s foreignShop) Sum(_ context.Context, a, b int64) (int64, error) {
	if a == 0 && b == 0 {
		return 0, errors.New("two zeroes")
	}
	return a + b, nil
}

func (s foreignShop) Order(_ context.Context, item string, count int32) (*zoothrift.Message, error) {
	if item == "ink" {
		return nil, &zoothrift.SoldOut{Item: item, Left: count}
	}
	return &zoothrift.Message{Text: "a " + item}, nil
}

func (s foreignShop) Note(_ context.Context, m *zoothrift.Message) error {
	s.notes <- m.Text
	return nil
}

// TestForeignServer has a client of this package call a server that Thrift generated.
func TestForeignServer(t *testing.T) {
	t.Parallel()
	for name, d := range dialects() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			notes := make(chan string, 1)
			l, err := thrift.NewTServerSocket("127.0.0.1:0")
			require.NoError(t, err)
			require.NoError(t, l.Listen())
			s := thrift.NewTSimpleServer4(zoothrift.NewZooProcessor(foreignShop{notes: notes}), l, d.transport, d.protocol)
			done := make(chan error, 1)
			go func() { done <- s.Serve() }()
			_, opts := both(d.wire...)
			conn := thriftx.To(l.Addr().String(), opts...)
			t.Cleanup(func() {
				_ = conn.Close()
				_ = s.Stop()
				<-done
			})
			var c Shop
			require.NoError(t, thriftx.Client(conn, &c))
			checkForeignServer(t, &c)
			_, err = c.Note(t.Context(), "a note")
			require.NoError(t, err)
			require.Equal(t, "a note", <-notes)
		})
	}
}

func checkForeignServer(t *testing.T, c *Shop) {
	t.Helper()
	for n := range int64(3) {
		sum, err := c.Sum(t.Context(), SumRequest{n, 4})
		require.NoError(t, err)
		require.Equal(t, n+4, sum)
	}
	got, err := c.Order(t.Context(), OrderRequest{"pen", 1})
	require.NoError(t, err)
	require.Equal(t, Receipt{"a pen"}, got)

	_, err = c.Order(t.Context(), OrderRequest{"ink", 1})
	require.ErrorIs(t, err, ErrSoldOut)
	require.Equal(t, "ink", endpoint.ErrorOf(err).Meta()["item"])
	require.True(t, endpoint.ErrorOf(err).Remote())

	_, err = c.Sum(t.Context(), SumRequest{})
	require.Equal(t, endpoint.Unknown, endpoint.CodeOf(err))
	require.ErrorContains(t, err, "two zeroes")
	require.True(t, endpoint.ErrorOf(err).Remote())
}

// python generates the code of the service in Python, and returns the command that runs
// the program of testdata with args.
func python(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	const interpreter = "/usr/bin/python3" // Debian's, for which the package is
	compiler, err := exec.LookPath("thrift")
	if err == nil {
		err = exec.CommandContext(t.Context(), interpreter, "-c", "import thrift").Run()
	}
	if err != nil {
		missing := "needs Debian's packages thrift-compiler and python3-thrift: " + err.Error()
		if os.Getenv("ENDPOINT_CI") != "" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	dir := t.TempDir()
	idl, err := filepath.Abs("internal/zoothrift/zoo.thrift")
	require.NoError(t, err)
	out, err := exec.CommandContext(t.Context(), compiler, "--gen", "py", "--out", dir, idl).CombinedOutput()
	require.NoError(t, err, "%s", out)
	program, err := filepath.Abs("testdata/shop.py")
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), interpreter, append([]string{program}, args...)...)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+dir, "PYTHONDONTWRITEBYTECODE=1")
	return cmd
}

// TestPythonClient has a client in Python call a server of this package.
func TestPythonClient(t *testing.T) {
	t.Parallel()
	for name, d := range dialects() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			notes := make(chan string, 1)
			_, port, err := net.SplitHostPort(startShop(t, d.wire, notes))
			require.NoError(t, err)
			out, err := python(t, slices.Concat([]string{"client", port}, d.python)...).CombinedOutput()
			require.NoError(t, err, "%s", out)
			require.Equal(t, "a note", <-notes)
		})
	}
}

// TestPythonServer has a client of this package call a server in Python.
func TestPythonServer(t *testing.T) {
	t.Parallel()
	for name, d := range dialects() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := python(t, slices.Concat([]string{"server", "0"}, d.python)...)
			cmd.Stderr = os.Stderr
			stdout, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			t.Cleanup(func() {
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
			})
			line := make([]byte, 16)
			n, err := stdout.Read(line) // its port, once it serves
			require.NoError(t, err)
			_, opts := both(d.wire...)
			conn := thriftx.To(net.JoinHostPort("127.0.0.1", string(line[:n])), opts...)
			t.Cleanup(func() { _ = conn.Close() })
			var c Shop
			require.NoError(t, thriftx.Client(conn, &c))
			checkForeignServer(t, &c)
			_, err = c.Note(t.Context(), "a note")
			require.NoError(t, err)
			_, err = c.Sum(t.Context(), SumRequest{1, 1})
			require.NoError(t, err, "a oneway request has no answer that is taken for one of this call")
		})
	}
}
