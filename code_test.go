package endpoint_test

import (
	"strings"
	"testing"

	"github.com/typedkit/endpoint"
)

// The numbers, the names and the statuses are those of google.rpc.Code.
func TestCode(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		code   endpoint.Code
		number int32
		name   string
		status int
	}{
		{endpoint.OK, 0, "OK", 200},
		{endpoint.Canceled, 1, "CANCELLED", 499},
		{endpoint.Unknown, 2, "UNKNOWN", 500},
		{endpoint.InvalidArgument, 3, "INVALID_ARGUMENT", 400},
		{endpoint.DeadlineExceeded, 4, "DEADLINE_EXCEEDED", 504},
		{endpoint.NotFound, 5, "NOT_FOUND", 404},
		{endpoint.AlreadyExists, 6, "ALREADY_EXISTS", 409},
		{endpoint.PermissionDenied, 7, "PERMISSION_DENIED", 403},
		{endpoint.ResourceExhausted, 8, "RESOURCE_EXHAUSTED", 429},
		{endpoint.FailedPrecondition, 9, "FAILED_PRECONDITION", 400},
		{endpoint.Aborted, 10, "ABORTED", 409},
		{endpoint.OutOfRange, 11, "OUT_OF_RANGE", 400},
		{endpoint.Unimplemented, 12, "UNIMPLEMENTED", 501},
		{endpoint.Internal, 13, "INTERNAL", 500},
		{endpoint.Unavailable, 14, "UNAVAILABLE", 503},
		{endpoint.DataLoss, 15, "DATA_LOSS", 500},
		{endpoint.Unauthenticated, 16, "UNAUTHENTICATED", 401},
		{17, 17, "CODE_17", 500},
		{-1, -1, "CODE_-1", 500},
	} {
		if int32(tt.code) != tt.number || tt.code.String() != tt.name || tt.code.HTTPStatus() != tt.status {
			t.Errorf("code %d is %v with status %d, want %s (%d) with %d", int32(tt.code), tt.code, tt.code.HTTPStatus(), tt.name, tt.number, tt.status)
		}
		code, err := endpoint.ParseCode(tt.name)
		if strings.HasPrefix(tt.name, "CODE_") {
			if code != endpoint.Unknown || err == nil || !strings.Contains(err.Error(), tt.name) {
				t.Errorf("ParseCode(%q) = %v, %v, want Unknown and an error that names it", tt.name, code, err)
			}
		} else if code != tt.code || err != nil {
			t.Errorf("ParseCode(%q) = %v, %v, want %v", tt.name, code, err, tt.code)
		}
	}
}

func TestParseCode(t *testing.T) {
	t.Parallel()
	if code, err := endpoint.ParseCode("CANCELED"); code != endpoint.Canceled || err != nil {
		t.Errorf("ParseCode of the other spelling = %v, %v, want %v", code, err, endpoint.Canceled)
	}
	for _, name := range []string{"", "not_found", " NOT_FOUND", "NotFound", "5"} {
		if code, err := endpoint.ParseCode(name); code != endpoint.Unknown || err == nil {
			t.Errorf("ParseCode(%q) = %v, %v, want Unknown and an error", name, code, err)
		}
	}
}

func TestCodeOfStatus(t *testing.T) {
	t.Parallel()
	want := map[int]endpoint.Code{
		200: endpoint.OK, 201: endpoint.OK, 204: endpoint.OK, 299: endpoint.OK,
		400: endpoint.InvalidArgument, 401: endpoint.Unauthenticated, 403: endpoint.PermissionDenied,
		404: endpoint.NotFound, 405: endpoint.Unimplemented, 406: endpoint.InvalidArgument,
		408: endpoint.DeadlineExceeded, 409: endpoint.Aborted, 410: endpoint.NotFound,
		412: endpoint.FailedPrecondition, 413: endpoint.ResourceExhausted, 415: endpoint.InvalidArgument,
		416: endpoint.OutOfRange, 418: endpoint.InvalidArgument, 422: endpoint.InvalidArgument,
		428: endpoint.FailedPrecondition, 429: endpoint.ResourceExhausted, 499: endpoint.Canceled,
		500: endpoint.Internal, 501: endpoint.Unimplemented, 502: endpoint.Unavailable,
		503: endpoint.Unavailable, 504: endpoint.DeadlineExceeded, 599: endpoint.Internal,
		0: endpoint.Unknown, 100: endpoint.Unknown, 199: endpoint.Unknown, 300: endpoint.Unknown,
		304: endpoint.Unknown, 399: endpoint.Unknown, 600: endpoint.Unknown, -1: endpoint.Unknown,
	}
	for status, code := range want {
		if got := endpoint.CodeOfStatus(status); got != code {
			t.Errorf("CodeOfStatus(%d) = %v, want %v", status, got, code)
		}
	}
	// What a server of ours says in a status is an error on the other side.
	for code := endpoint.Canceled; code <= endpoint.Unauthenticated; code++ {
		if endpoint.CodeOfStatus(code.HTTPStatus()) == endpoint.OK {
			t.Errorf("the status %d of %v stands for a success", code.HTTPStatus(), code)
		}
	}
}
