package grpcx_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/echopb"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"
)

// refusing is a server of generated code that answers with one status.
type refusing struct {
	echopb.UnimplementedEchoServer

	status *status.Status
}

func (s *refusing) Say(context.Context, *echopb.Note) (*echopb.Note, error) {
	return nil, s.status.Err()
}

func (s *refusing) Count(*echopb.Note, grpc.ServerStreamingServer[echopb.Note]) error {
	return s.status.Err()
}

// behind returns a client of a server that answers with st.
func behind(tb testing.TB, st *status.Status) *Echo {
	tb.Helper()
	var c Echo
	connect(tb, serve(tb, func(s *grpc.Server) { echopb.RegisterEchoServer(s, &refusing{status: st}) }), &c)
	return &c
}

// TestStatusBeyondLimits has statuses with more than a client reads: the code and what
// was read stay, the rest is dropped.
func TestStatusBeyondLimits(t *testing.T) {
	t.Parallel()
	info := &errdetails.ErrorInfo{Domain: "echo", Reason: "REFUSED"}
	faults := func(n int) *errdetails.BadRequest {
		bad := &errdetails.BadRequest{}
		for i := range n {
			bad.FieldViolations = append(bad.FieldViolations, &errdetails.BadRequest_FieldViolation{Field: fmt.Sprintf("/%d", i)})
		}
		return bad
	}
	links := func(n int) *errdetails.Help {
		help := &errdetails.Help{}
		for i := range n {
			help.Links = append(help.Links, &errdetails.Help_Link{Url: fmt.Sprint(i)})
		}
		return help
	}
	meta := func(n int) *errdetails.ErrorInfo {
		m := map[string]string{}
		for i := range n {
			m[fmt.Sprintf("k%04d", i)] = fmt.Sprint(i)
		}
		return &errdetails.ErrorInfo{Domain: "echo", Reason: "REFUSED", Metadata: m}
	}
	long := &errdetails.LocalizedMessage{Message: strings.Repeat("x", 70_000)}
	retry := &errdetails.RetryInfo{RetryDelay: durationpb.New(time.Second)}
	for name, tt := range map[string]struct {
		message             string
		details             []protoadapt.MessageV1
		faults, links, meta int
		kept                int // details, in the cause
		wait                time.Duration
	}{
		"no more than is read":     {"no", []protoadapt.MessageV1{meta(1000), faults(1000), links(1000), retry}, 1000, 1000, 1000, 4, time.Second},
		"too many faults":          {"no", []protoadapt.MessageV1{info, faults(700), faults(700), retry}, 1000, 0, 0, 4, time.Second},
		"too many links":           {"no", []protoadapt.MessageV1{info, links(700), links(700), retry}, 0, 1000, 0, 4, time.Second},
		"too many metadata":        {"no", []protoadapt.MessageV1{meta(1500), retry}, 0, 0, 1000, 2, time.Second},
		"too many bytes":           {"no", []protoadapt.MessageV1{info, faults(3), long, retry}, 3, 0, 0, 2, 0},
		"too many bytes of faults": {"no", []protoadapt.MessageV1{info, retry, faults(10_000), links(1)}, 0, 0, 0, 2, time.Second},
		"a long message":           {strings.Repeat("x", 70_000), []protoadapt.MessageV1{info}, 0, 0, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, err := status.New(codes.FailedPrecondition, tt.message).WithDetails(tt.details...)
			require.NoError(t, err)
			c := behind(t, st)
			_, said := c.Say(t.Context(), Note{})
			items, err := c.Count(t.Context(), Note{})
			require.NoError(t, err)
			_, counted := items.Collect()
			for what, err := range map[string]error{"unary": said, "a stream": counted} {
				e := endpoint.ErrorOf(err)
				require.Equal(t, endpoint.FailedPrecondition, e.Code(), what)
				require.Equal(t, tt.message[:min(len(tt.message), 64<<10)], e.Message(), what)
				require.Len(t, e.Violations(), tt.faults, what)
				require.Len(t, e.Help(), tt.links, what)
				require.Len(t, e.Meta(), tt.meta, what)
				if tt.meta > 0 {
					require.Contains(t, e.Meta(), fmt.Sprintf("k%04d", tt.meta-1), what)
				}
				require.Equal(t, tt.wait, e.RetryAfter(), what)
				if tt.kept > 0 {
					require.ErrorIs(t, err, ErrRefused, what)
				}
				kept, ok := status.FromError(e.Unwrap())
				require.True(t, ok)
				require.Len(t, kept.Proto().GetDetails(), tt.kept, what)
				require.LessOrEqual(t, proto.Size(kept.Proto()), 65<<10, what)
				require.Less(t, len(err.Error()), 1100, what)
			}
		})
	}
}

// TestRawStatusIsBounded has a handler pass on what a client of generated code got.
func TestRawStatusIsBounded(t *testing.T) {
	t.Parallel()
	st, err := status.New(codes.OutOfRange, "beyond").WithDetails(&errdetails.ErrorInfo{Domain: "d", Reason: "R"},
		&errdetails.LocalizedMessage{Message: strings.Repeat("x", 70_000)})
	require.NoError(t, err)
	got := statusFrom(t, st.Err())
	require.Equal(t, codes.OutOfRange, got.Code())
	require.Equal(t, "beyond", got.Message())
	require.Len(t, got.Details(), 1)
}

// TestTextOfPeer has what a server says in the text of an error, which is for logs.
func TestTextOfPeer(t *testing.T) {
	t.Parallel()
	conn := &fakeConn{invoke: func(context.Context, any, []grpc.CallOption) error {
		return status.Error(codes.NotFound, "a\x1b[2J\nb"+strings.Repeat("x", 10_000))
	}}
	var c Echo
	connect(t, conn, &c)
	_, err := c.Say(t.Context(), Note{})
	require.Equal(t, "a\ufffd[2J b"+strings.Repeat("x", 1015)+"…", err.Error())
	require.Len(t, endpoint.ErrorOf(err).Message(), 10_007)
}

// FuzzStatus has no status of a server make a client panic, or read more than it
// should.
func FuzzStatus(f *testing.F) {
	for _, details := range [][]protoadapt.MessageV1{
		{},
		{&errdetails.ErrorInfo{Domain: "echo", Reason: "REFUSED", Metadata: map[string]string{"k": "v"}}, &errdetails.RetryInfo{RetryDelay: durationpb.New(-1)}},
		{&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "query:q"}, nil}}, &errdetails.Help{Links: []*errdetails.Help_Link{{Url: "u"}, nil}}},
		{&errdetails.RetryInfo{}, &errdetails.LocalizedMessage{Message: strings.Repeat("x", 70_000)}},
	} {
		st, err := status.New(codes.NotFound, "gone").WithDetails(details...)
		require.NoError(f, err)
		data, err := proto.Marshal(st.Proto())
		require.NoError(f, err)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var st spb.Status
		if proto.Unmarshal(data, &st) != nil || st.GetCode() == 0 {
			return
		}
		conn := &fakeConn{invoke: func(context.Context, any, []grpc.CallOption) error { return status.ErrorProto(&st) }}
		var c Echo
		connect(t, conn, &c)
		_, err := c.Say(t.Context(), Note{})
		e := endpoint.ErrorOf(err)
		if e.Code() < endpoint.Canceled || e.Code() > endpoint.Unauthenticated || e.RetryAfter() < 0 {
			t.Fatalf("code %v, retry after %v", e.Code(), e.RetryAfter())
		}
		if len(e.Violations()) > 1000 || len(e.Help()) > 1000 || len(e.Meta()) > 1000 || len(e.Message()) > 64<<10 || len(err.Error()) > 2100 {
			t.Fatalf("%d violations, %d links, %d metadata, a message of %d bytes, a text of %d",
				len(e.Violations()), len(e.Help()), len(e.Meta()), len(e.Message()), len(err.Error()))
		}
	})
}
