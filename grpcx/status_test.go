package grpcx_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"github.com/typedkit/endpoint/internal/echopb"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
)

// failing is a server whose Say fails with err.
func failing(tb testing.TB, err error, opts ...grpcx.Option) *grpc.ClientConn {
	tb.Helper()
	e := echo()
	e.Say = func(context.Context, Note) (Note, error) { return Note{}, err }
	return serve(tb, register(tb, &e, opts...))
}

// statusFrom returns what generated code gets from such a server.
func statusFrom(tb testing.TB, err error) *status.Status {
	tb.Helper()
	_, err = echopb.NewEchoClient(failing(tb, err)).Say(tb.Context(), &echopb.Note{})
	require.Error(tb, err)
	st, ok := status.FromError(err)
	require.True(tb, ok)
	return st
}

// TestStatus has what goes over the wire, field by field.
func TestStatus(t *testing.T) {
	t.Parallel()
	st := statusFrom(t, ErrRefused.With("not so").
		WithViolations(endpoint.Violation{Pointer: "/items/0", Detail: "bad"}, endpoint.Violation{Parameter: "query:q", Detail: "worse"}).
		WithRetryAfter(1500000000).WithHelp(endpoint.Link{Description: "d", URL: "u"}).WithMeta("k", "v").WithCause(errors.New("secret")))
	require.Equal(t, codes.FailedPrecondition, st.Code())
	require.Equal(t, "not so", st.Message())
	want := []proto.Message{
		&errdetails.ErrorInfo{Domain: "echo", Reason: "REFUSED", Metadata: map[string]string{"k": "v"}},
		&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "/items/0", Description: "bad"}, {Field: "query:q", Description: "worse"}}},
		&errdetails.RetryInfo{RetryDelay: durationpb.New(1500000000)},
		&errdetails.Help{Links: []*errdetails.Help_Link{{Description: "d", Url: "u"}}},
	}
	require.Len(t, st.Details(), len(want))
	for i, d := range st.Details() {
		require.True(t, proto.Equal(want[i], d.(proto.Message)), "got %v, want %v", d, want[i])
	}
}

// TestRawStatus has errors of grpc-go's status package in a handler.
func TestRawStatus(t *testing.T) {
	t.Parallel()
	st, err := status.New(codes.OutOfRange, "beyond").WithDetails(&errdetails.ErrorInfo{Domain: "d", Reason: "R"}, &errdetails.LocalizedMessage{Message: "jenseits"})
	require.NoError(t, err)
	for name, err := range map[string]error{"bare": st.Err(), "wrapped": fmt.Errorf("secret: %w", st.Err())} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := statusFrom(t, err)
			require.Equal(t, codes.OutOfRange, got.Code())
			require.Equal(t, "beyond", got.Message())
			require.True(t, proto.Equal(st.Proto(), got.Proto()), "details are kept: %v", got)
		})
	}
	t.Run("layers see the code", func(t *testing.T) {
		t.Parallel()
		var seen error
		see := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
			return ctx, func(err error) error { seen = err; return err }, nil
		})
		conn := failing(t, st.Err(), grpcx.Use(see))
		var c Echo
		connect(t, conn, &c)
		_, err := c.Say(t.Context(), Note{})
		require.Equal(t, endpoint.OutOfRange, endpoint.CodeOf(err))
		require.Equal(t, endpoint.OutOfRange, endpoint.CodeOf(seen))
		require.False(t, endpoint.ServerFault(seen))
	})
	t.Run("words that are not UTF-8", func(t *testing.T) {
		t.Parallel()
		odd := st.Proto()
		odd.Message = "a\xff"
		got := statusFrom(t, status.FromProto(odd).Err())
		require.Equal(t, "a\ufffd", got.Message())
		require.Len(t, got.Details(), 2)
	})
	t.Run("an odd code", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, codes.Unknown, statusFrom(t, status.Error(77, "odd")).Code())
	})
}

// strangeServer answers with details that an endpoint.Error has no place for.
type strangeServer struct {
	echopb.UnimplementedEchoServer

	reason string
}

func (s *strangeServer) Say(context.Context, *echopb.Note) (*echopb.Note, error) {
	st, err := status.New(codes.FailedPrecondition, "as it came").WithDetails(
		&errdetails.LocalizedMessage{Locale: "de", Message: "verweigert"},
		&errdetails.ErrorInfo{Domain: "echo", Reason: s.reason, Metadata: map[string]string{"k": "v"}},
	)
	if err != nil {
		return nil, err
	}
	return nil, st.Err()
}

// TestUnknownDetails passes through a service of ours: they go on only with an
// error that it declares.
func TestUnknownDetails(t *testing.T) {
	t.Parallel()
	for reason, declared := range map[string]bool{"REFUSED": true, "STRANGE": false} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			var behind Echo
			connect(t, serve(t, func(s *grpc.Server) { echopb.RegisterEchoServer(s, &strangeServer{reason: reason}) }), &behind)
			_, err := behind.Say(t.Context(), Note{})
			require.Equal(t, declared, errors.Is(err, ErrRefused))
			require.True(t, endpoint.ErrorOf(err).Remote())
			kept, ok := status.FromError(endpoint.ErrorOf(err).Unwrap())
			require.True(t, ok)
			require.Len(t, kept.Details(), 2, "the cause has all of them")

			conn := serve(t, register(t, &behind))
			_, err = echopb.NewEchoClient(conn).Say(t.Context(), &echopb.Note{})
			st, _ := status.FromError(err)
			if !declared {
				require.Equal(t, codes.Internal, st.Code())
				require.Equal(t, "internal error", st.Message())
				require.Empty(t, st.Details())
				return
			}
			require.Equal(t, codes.FailedPrecondition, st.Code())
			require.Equal(t, "as it came", st.Message())
			require.Len(t, st.Details(), 2)
			require.True(t, proto.Equal(&errdetails.ErrorInfo{Domain: "echo", Reason: "REFUSED", Metadata: map[string]string{"k": "v"}}, st.Details()[0].(proto.Message)))
			require.True(t, proto.Equal(&errdetails.LocalizedMessage{Locale: "de", Message: "verweigert"}, st.Details()[1].(proto.Message)))
		})
	}
}

// TestUnknownCode reads a code that is not assigned yet.
func TestUnknownCode(t *testing.T) {
	t.Parallel()
	conn := &fakeConn{invoke: func(context.Context, any, []grpc.CallOption) error { return status.Error(99, "new") }}
	var c Echo
	connect(t, conn, &c)
	_, err := c.Say(t.Context(), Note{})
	require.Equal(t, endpoint.Unknown, endpoint.CodeOf(err))
	require.Equal(t, "new", endpoint.ErrorOf(err).Message())
}

// TestErrorHook sees what the caller does not.
func TestErrorHook(t *testing.T) {
	t.Parallel()
	cause := errors.New("disk 7")
	var seen []error
	var op string
	hook := func(ctx context.Context, err error) {
		seen = append(seen, err)
		op = endpoint.CallFrom(ctx).Operation().Name
	}
	conn := failing(t, fmt.Errorf("save: %w", cause), grpcx.ErrorHook(hook), grpcx.ErrorHook(hook))
	var c Echo
	connect(t, conn, &c)
	_, err := c.Say(t.Context(), Note{})
	require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
	require.NotContains(t, err.Error(), "disk")
	require.Len(t, seen, 2)
	require.ErrorIs(t, seen[0], cause)
	require.Equal(t, "Say", op)
}

// TestPanics has panics in every place of a server that is the user's.
func TestPanics(t *testing.T) {
	t.Parallel()
	boom := func(v any) endpoint.Endpoint[Note, Note] {
		return func(context.Context, Note) (Note, error) { panic(v) }
	}
	layer := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) { panic("layer") })
	for name, tt := range map[string]struct {
		say  endpoint.Endpoint[Note, Note]
		opts []grpcx.Option
	}{
		"handler": {boom("secret"), nil}, "error value": {boom(ErrRefused), nil}, "layer": {none[Note, Note], []grpcx.Option{grpcx.Use(layer)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen error
			e := echo()
			e.Say = tt.say
			conn := serve(t, register(t, &e, append(tt.opts, grpcx.ErrorHook(func(_ context.Context, err error) { seen = err }))...))
			var c Echo
			connect(t, conn, &c)
			_, err := c.Say(t.Context(), Note{})
			require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
			require.Equal(t, "internal error", endpoint.ErrorOf(err).Message())
			require.NotErrorIs(t, err, ErrRefused)
			var p *endpoint.PanicError
			require.ErrorAs(t, seen, &p)
		})
	}
}

// A hollow error cannot be asked what it is.
type hollow struct{ cause error }

func (*hollow) Error() string   { return "hollow" }
func (h *hollow) Unwrap() error { return h.cause }

// requireInternal fails the test unless err is the answer of a server to a defect.
func requireInternal(t *testing.T, err error) {
	t.Helper()
	require.Equal(t, endpoint.Internal, endpoint.CodeOf(err))
	require.Equal(t, "internal error", endpoint.ErrorOf(err).Message())
}

// TestHollowError guards that a nil pointer, which a layer returns as an error,
// does not end the server.
func TestHollowError(t *testing.T) {
	t.Parallel()
	layer := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		return ctx, func(error) error { return (*hollow)(nil) }, nil
	})
	var seen []error
	e := echo()
	conn := serve(t, register(t, &e, grpcx.Use(layer), grpcx.ErrorHook(func(_ context.Context, err error) { seen = append(seen, err) })))
	var c Echo
	connect(t, conn, &c)
	_, err := c.Say(t.Context(), Note{})
	requireInternal(t, err)
	_, err = c.Sum(t.Context(), nil)
	requireInternal(t, err)
	items, err := c.Count(t.Context(), Note{Number: 1})
	require.NoError(t, err)
	_, err = items.Collect()
	requireInternal(t, err)
	require.Len(t, seen, 3)
	for _, err := range seen {
		var p *endpoint.PanicError
		require.ErrorAs(t, err, &p)
	}
}

// TestHookPanics has a hook that panics: the caller gets the error all the same.
func TestHookPanics(t *testing.T) {
	t.Parallel()
	conn := failing(t, ErrRefused, grpcx.ErrorHook(func(context.Context, error) { panic("hook") }))
	var c Echo
	connect(t, conn, &c)
	_, err := c.Say(t.Context(), Note{})
	require.ErrorIs(t, err, ErrRefused)
}

// TestMapping has the errors of maps.
func TestMapping(t *testing.T) {
	t.Parallel()
	e := echo()
	conn := serve(t, register(t, &e))
	var c Echo
	connect(t, conn, &c)
	_, err := c.Say(t.Context(), Note{Text: "refuse"})
	require.ErrorIs(t, err, ErrRefused, "an error with a code keeps it")
	require.True(t, endpoint.ErrorOf(err).Remote())

	plainFault := grpcx.Map(
		func(n Note) *echopb.Note { return &echopb.Note{Text: n.Text} },
		func(*echopb.Note) (Note, error) { return Note{}, errors.New("not like this") },
	)
	svc := func(e endpoint.Endpoint[Note, Note], req, resp grpcx.Mapping[Note, *echopb.Note]) *typed[Note, Note] {
		return &typed[Note, Note]{e, func(m *grpcx.Methods, e *endpoint.Endpoint[Note, Note]) { m.UnaryAs("Say", e, req, resp) }}
	}
	conn = serve(t, register(t, svc(e.Say, plainFault, note)))
	ours := svc(nil, note, plainFault)
	connect(t, conn, ours)
	_, err = ours.Do(t.Context(), Note{})
	require.ErrorIs(t, err, grpcx.ErrInvalidRequest, "a request that a map refuses")
	require.NotContains(t, err.Error(), "not like this")

	conn = serve(t, register(t, svc(e.Say, note, note)))
	connect(t, conn, ours)
	_, err = ours.Do(t.Context(), Note{})
	require.Equal(t, endpoint.Internal, endpoint.CodeOf(err), "a response that a map refuses")
	require.ErrorContains(t, err, "the response cannot be read: not like this")
	require.False(t, endpoint.ErrorOf(err).Remote())
}

// TestStatusOf makes of an error what a server sends, and of that what a client returns.
func TestStatusOf(t *testing.T) {
	t.Parallel()
	declared := endpoint.Define(endpoint.NotFound, "zoo", "NO_ANIMAL", "no such animal")
	sent := declared.WithMeta("name", "gnu").WithCause(errors.New("secret"))
	st := grpcx.StatusOf(fmt.Errorf("around: %w", sent))
	require.Equal(t, codes.NotFound, st.Code())
	require.Equal(t, "no such animal", st.Message())
	err := grpcx.FromStatus(fmt.Errorf("call: %w", st.Err()))
	require.ErrorIs(t, err, declared)
	e := endpoint.ErrorOf(err)
	require.True(t, e.Remote())
	require.Equal(t, map[string]string{"name": "gnu"}, e.Meta())
	require.Equal(t, codes.NotFound, status.Code(err), "the status is still found")

	plain := errors.New("plain")
	require.Equal(t, codes.Internal, grpcx.StatusOf(plain).Code())
	require.NotContains(t, grpcx.StatusOf(plain).Message(), "plain")
	require.Equal(t, codes.Aborted, grpcx.StatusOf(status.Error(codes.Aborted, "again")).Code(), "of a status")
	require.Equal(t, codes.Internal, grpcx.StatusOf(err).Code(), "an error of another server is not passed on")
	require.Nil(t, grpcx.StatusOf(nil))
	require.Same(t, plain, grpcx.FromStatus(plain))
	require.NoError(t, grpcx.FromStatus(nil))
}
