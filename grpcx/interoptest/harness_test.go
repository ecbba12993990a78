package interoptest_test

import (
	"context"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/grpcx"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// TestService is grpc.testing.TestService, which the interoperability tests call.
type TestService struct {
	EmptyCall           endpoint.Endpoint[*testpb.Empty, *testpb.Empty]
	UnaryCall           endpoint.Endpoint[*testpb.SimpleRequest, *testpb.SimpleResponse]
	StreamingOutputCall endpoint.Endpoint[*testpb.StreamingOutputCallRequest, endpoint.Stream[*testpb.StreamingOutputCallResponse]]
	StreamingInputCall  endpoint.Endpoint[endpoint.Stream[*testpb.StreamingInputCallRequest], *testpb.StreamingInputCallResponse]
	FullDuplexCall      endpoint.Endpoint[endpoint.Stream[*testpb.StreamingOutputCallRequest], endpoint.Stream[*testpb.StreamingOutputCallResponse]]
}

func (s *TestService) GRPC(m *grpcx.Methods) {
	m.Service("grpc.testing.TestService")
	m.Unary("EmptyCall", &s.EmptyCall)
	m.Unary("UnaryCall", &s.UnaryCall)
	m.ServerStream("StreamingOutputCall", &s.StreamingOutputCall)
	m.ClientStream("StreamingInputCall", &s.StreamingInputCall)
	m.Bidi("FullDuplexCall", &s.FullDuplexCall)
}

func newTestService() *TestService {
	return &TestService{
		EmptyCall:           func(context.Context, *testpb.Empty) (*testpb.Empty, error) { return &testpb.Empty{}, nil },
		UnaryCall:           unaryCall,
		StreamingOutputCall: streamingOutputCall,
		StreamingInputCall:  streamingInputCall,
		FullDuplexCall:      fullDuplexCall,
	}
}

func unaryCall(ctx context.Context, in *testpb.SimpleRequest) (*testpb.SimpleResponse, error) {
	if err := echoMetadata(ctx); err != nil {
		return nil, err
	}
	if st := in.GetResponseStatus(); st.GetCode() != 0 {
		return nil, status.Error(codes.Code(st.GetCode()), st.GetMessage())
	}
	return &testpb.SimpleResponse{Payload: payload(in.GetResponseType(), in.GetResponseSize())}, nil
}

// echoMetadata sends back what the tests ask for: some as a header, which the
// Call has, some as trailers of a success, which are grpc-go's matter.
func echoMetadata(ctx context.Context) error {
	call := endpoint.CallFrom(ctx)
	const initial, trailing = "x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"
	if v := call.Header().Get(initial); v != "" {
		call.Reply().Set(initial, v)
	}
	if v := call.Header().Get(trailing); v != "" {
		return grpc.SetTrailer(ctx, metadata.Pairs(trailing, v))
	}
	return nil
}

func payload(kind testpb.PayloadType, size int32) *testpb.Payload {
	return &testpb.Payload{Type: kind, Body: make([]byte, size)}
}

func streamingOutputCall(ctx context.Context, in *testpb.StreamingOutputCallRequest) (endpoint.Stream[*testpb.StreamingOutputCallResponse], error) {
	return func(yield func(*testpb.StreamingOutputCallResponse, error) bool) { answer(ctx, in, yield) }, nil
}

// answer yields what a request asks for, and is false when it is to stop.
func answer(ctx context.Context, in *testpb.StreamingOutputCallRequest, yield func(*testpb.StreamingOutputCallResponse, error) bool) bool {
	for _, p := range in.GetResponseParameters() {
		if !pause(ctx, time.Duration(p.GetIntervalUs())*time.Microsecond) {
			yield(nil, ctx.Err())
			return false
		}
		if !yield(&testpb.StreamingOutputCallResponse{Payload: payload(in.GetResponseType(), p.GetSize())}, nil) {
			return false
		}
	}
	return true
}

func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func streamingInputCall(_ context.Context, items endpoint.Stream[*testpb.StreamingInputCallRequest]) (*testpb.StreamingInputCallResponse, error) {
	resp := &testpb.StreamingInputCallResponse{}
	for in, err := range items {
		if err != nil {
			return nil, err
		}
		resp.AggregatedPayloadSize += int32(len(in.GetPayload().GetBody()))
	}
	return resp, nil
}

func fullDuplexCall(ctx context.Context, items endpoint.Stream[*testpb.StreamingOutputCallRequest]) (endpoint.Stream[*testpb.StreamingOutputCallResponse], error) {
	if err := echoMetadata(ctx); err != nil {
		return nil, err
	}
	return func(yield func(*testpb.StreamingOutputCallResponse, error) bool) {
		for in, err := range items {
			if st := in.GetResponseStatus(); err == nil && st.GetCode() != 0 {
				err = status.Error(codes.Code(st.GetCode()), st.GetMessage())
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !answer(ctx, in, yield) {
				return
			}
		}
	}, nil
}
