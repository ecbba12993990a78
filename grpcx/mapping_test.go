package grpcx_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/internal/echopb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// errTwoZeroes is an error that an old server has in a field of its replies.
var errTwoZeroes = endpoint.Define(endpoint.InvalidArgument, "addsvc", "TWO_ZEROES", "can't sum two zeroes")

// inField is the Mapping of a server whose replies have the error in a field.
var inField = grpcx.Map(
	func(n Note) *echopb.Note { return &echopb.Note{Text: n.Text, Number: n.Number} },
	func(m *echopb.Note) (Note, error) { return Note{Text: m.GetText()}, errorIn(m.GetText()) },
)

func errorIn(text string) error {
	switch text {
	case "coded":
		return errTwoZeroes.WithRetryAfter(time.Second).WithMeta("k", "v").WithViolations(endpoint.Violation{Pointer: "/a", Detail: "is zero"})
	case "wrapped":
		return fmt.Errorf("the reply says: %w", errTwoZeroes)
	case "caused":
		return errTwoZeroes.WithCause(errOpaque)
	case "nameless":
		return errNameless
	case "status":
		return status.Error(codes.NotFound, "no such sum")
	case "opaque":
		return errOpaque
	}
	return nil
}

var (
	errOpaque   = errors.New("opaque")
	errNameless = endpoint.Errorf(endpoint.Aborted, "nameless")
)

// fieldEcho is a client of Echo whose responses are read by inField.
type fieldEcho struct{ Echo }

func (s *fieldEcho) GRPC(m *grpcx.Methods) {
	m.Service("endpoint.test.v1.Echo")
	m.UnaryAs("Say", &s.Say, note, inField)
	m.UnaryAs("Look", &s.Look, note, inField)
	m.ServerStreamAs("Count", &s.Count, note, inField)
	m.ClientStreamAs("Sum", &s.Sum, note, inField)
	m.BidiAs("Talk", &s.Talk, note, inField)
}

func lastOf(_ context.Context, items endpoint.Stream[Note]) (last Note, err error) {
	for n, err := range items {
		if err != nil {
			return Note{}, err
		}
		last = n
	}
	return last, nil
}

// TestErrorInReply holds that an error which a Mapping finds in a reply keeps its code
// and its identity on a client, for every kind of method.
func TestErrorInReply(t *testing.T) {
	t.Parallel()
	server := echo()
	server.Sum = lastOf
	conn := serve(t, register(t, &server))
	var c fieldEcho
	connect(t, conn, &c)
	last := func(items endpoint.Stream[Note], err error) error {
		for _, e := range items {
			err = errors.Join(err, e)
		}
		return err
	}
	calls := map[string]func(ctx context.Context, text string) error{
		"unary": func(ctx context.Context, text string) error {
			_, err := c.Say(ctx, Note{Text: text})
			return err
		},
		"idempotent": func(ctx context.Context, text string) error {
			_, err := c.Look(ctx, Note{Text: text})
			return err
		},
		"server stream": func(ctx context.Context, text string) error { return last(c.Count(ctx, Note{Text: text, Number: 2})) },
		"client stream": func(ctx context.Context, text string) error {
			_, err := c.Sum(ctx, endpoint.StreamOf(Note{Text: text}))
			return err
		},
		"bidi": func(ctx context.Context, text string) error {
			return last(c.Talk(ctx, endpoint.StreamOf(Note{Text: text})))
		},
	}
	for kind, call := range calls {
		for text, want := range map[string]struct {
			code endpoint.Code
			is   error
			says string
		}{
			"coded":    {endpoint.InvalidArgument, errTwoZeroes, "can't sum two zeroes"},
			"wrapped":  {endpoint.InvalidArgument, errTwoZeroes, "can't sum two zeroes: the reply says: can't sum two zeroes"},
			"caused":   {endpoint.InvalidArgument, errOpaque, "can't sum two zeroes: opaque"},
			"nameless": {endpoint.Aborted, errNameless, "nameless"},
			"status":   {endpoint.NotFound, nil, "no such sum"},
		} {
			t.Run(kind+"/"+text, func(t *testing.T) {
				t.Parallel()
				err := call(t.Context(), text)
				require.Equal(t, want.code, endpoint.CodeOf(err), "%v", err)
				require.True(t, endpoint.ErrorOf(err).Remote(), "it came from the server")
				require.False(t, endpoint.ServerFault(err))
				require.Contains(t, err.Error(), want.says)
				if want.is != nil {
					require.ErrorIs(t, err, want.is)
				}
				require.Equal(t, kind != "idempotent", endpoint.MaybeSent(err))
			})
		}
		t.Run(kind+"/opaque", func(t *testing.T) {
			t.Parallel()
			err := call(t.Context(), "opaque")
			require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
			require.ErrorIs(t, err, errOpaque)
			require.ErrorContains(t, err, "the response cannot be read")
		})
	}

	err := calls["unary"](t.Context(), "coded")
	e := endpoint.ErrorOf(err)
	require.Equal(t, time.Second, e.RetryAfter())
	require.Equal(t, map[string]string{"k": "v"}, e.Meta())
	require.Equal(t, []endpoint.Violation{{Pointer: "/a", Detail: "is zero"}}, e.Violations())
	require.EqualError(t, err, "can't sum two zeroes")
}

// TestErrorInRequest holds that an error with which a Mapping refuses a request keeps
// its code on a server, that of an item too.
func TestErrorInRequest(t *testing.T) {
	t.Parallel()
	conn := serve(t, register(t, &refusingEcho{echo()}))
	c := echopb.NewEchoClient(conn)
	for text, want := range map[string]codes.Code{
		"coded": codes.InvalidArgument, "nameless": codes.Aborted, "status": codes.NotFound, "opaque": codes.InvalidArgument,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			_, err := c.Say(t.Context(), &echopb.Note{Text: text})
			require.Equal(t, want, status.Code(err), "unary: %v", err)

			stream, err := c.Sum(t.Context())
			require.NoError(t, err)
			require.NoError(t, stream.Send(&echopb.Note{Text: text}))
			_, err = stream.CloseAndRecv()
			require.Equal(t, want, status.Code(err), "item: %v", err)
		})
	}
}

// refusingEcho reads its requests by inField.
type refusingEcho struct{ Echo }

func (s *refusingEcho) GRPC(m *grpcx.Methods) {
	m.Service("endpoint.test.v1.Echo")
	m.UnaryAs("Say", &s.Say, inField, note)
	m.UnaryAs("Look", &s.Look, inField, note)
	m.ServerStreamAs("Count", &s.Count, inField, note)
	m.ClientStreamAs("Sum", &s.Sum, inField, note)
	m.BidiAs("Talk", &s.Talk, inField, note)
}

// notFoundJSON is JSON whose reader finds an error in a response.
type notFoundJSON struct{ codec.Format }

func (f notFoundJSON) Decode(src []byte, v any) error {
	if bytes.Contains(src, []byte("missing")) {
		return endpoint.Errorf(endpoint.NotFound, "missing")
	}
	return f.Format.Decode(src, v)
}

// TestErrorOfFormat holds that a format of the user's may find an error in a response,
// as a Mapping may.
func TestErrorOfFormat(t *testing.T) {
	t.Parallel()
	server := echo()
	conn := serve(t, register(t, &plainEcho{server}))
	var c plainEcho
	connect(t, conn, &c, grpcx.Formats(notFoundJSON{codec.JSON()}))
	_, err := c.Say(t.Context(), Note{Text: "missing"})
	require.Equal(t, endpoint.NotFound, endpoint.CodeOf(err), "%v", err)
	require.True(t, endpoint.ErrorOf(err).Remote())
	n, err := c.Say(t.Context(), Note{Text: "there"})
	require.NoError(t, err)
	require.Equal(t, "there", n.Text)
}
