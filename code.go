package endpoint

import (
	"fmt"
	"strconv"
)

// A Code says what kind of outcome a call had. The numbers and the meanings are
// those of gRPC (google.rpc.Code); the names that go over a wire are those too.
type Code int32

// The canonical codes.
const (
	// OK is the code of a nil error.
	OK Code = 0
	// Canceled means that the caller gave up.
	Canceled Code = 1
	// Unknown is an error whose code could not be understood.
	Unknown Code = 2
	// InvalidArgument means that the request can never succeed as it is.
	InvalidArgument Code = 3
	// DeadlineExceeded means that the time ran out before the answer.
	DeadlineExceeded Code = 4
	// NotFound means that what was asked for does not exist.
	NotFound Code = 5
	// AlreadyExists means that what was to be created is there.
	AlreadyExists Code = 6
	// PermissionDenied means that the caller is known and may not do this.
	PermissionDenied Code = 7
	// ResourceExhausted means that a quota or a limit is used up.
	ResourceExhausted Code = 8
	// FailedPrecondition means that the system is not in the state that the
	// call needs; the caller should not repeat it before that has changed.
	FailedPrecondition Code = 9
	// Aborted means that a conflict ended the call; a repeat at a higher level
	// may succeed.
	Aborted Code = 10
	// OutOfRange means that the request went past a valid range.
	OutOfRange Code = 11
	// Unimplemented means that the server does not have this operation.
	Unimplemented Code = 12
	// Internal means that something is broken.
	Internal Code = 13
	// Unavailable means that the service cannot answer now; a repeat may help.
	Unavailable Code = 14
	// DataLoss means unrecoverable loss or corruption of data.
	DataLoss Code = 15
	// Unauthenticated means that the caller is not known.
	Unauthenticated Code = 16
)

// codes holds, for each code, its wire name, its HTTP status and the message
// that stands in for one that must not be sent. See decision 2.
var codes = [...]struct {
	name    string
	status  int
	generic string
}{
	OK:                 {"OK", 200, "ok"},
	Canceled:           {"CANCELLED", 499, "canceled"},
	Unknown:            {"UNKNOWN", 500, "unknown error"},
	InvalidArgument:    {"INVALID_ARGUMENT", 400, "invalid argument"},
	DeadlineExceeded:   {"DEADLINE_EXCEEDED", 504, "deadline exceeded"},
	NotFound:           {"NOT_FOUND", 404, "not found"},
	AlreadyExists:      {"ALREADY_EXISTS", 409, "already exists"},
	PermissionDenied:   {"PERMISSION_DENIED", 403, "permission denied"},
	ResourceExhausted:  {"RESOURCE_EXHAUSTED", 429, "resource exhausted"},
	FailedPrecondition: {"FAILED_PRECONDITION", 400, "failed precondition"},
	Aborted:            {"ABORTED", 409, "aborted"},
	OutOfRange:         {"OUT_OF_RANGE", 400, "out of range"},
	Unimplemented:      {"UNIMPLEMENTED", 501, "unimplemented"},
	Internal:           {"INTERNAL", 500, "internal error"},
	Unavailable:        {"UNAVAILABLE", 503, "temporarily unavailable"},
	DataLoss:           {"DATA_LOSS", 500, "data loss"},
	Unauthenticated:    {"UNAUTHENTICATED", 401, "unauthenticated"},
}

func (c Code) known() bool { return c >= 0 && int(c) < len(codes) }

// String returns the code's name on a wire, such as "NOT_FOUND", or the number
// of a code that is not canonical.
func (c Code) String() string {
	if !c.known() {
		return "CODE_" + strconv.Itoa(int(c))
	}
	return codes[c].name
}

// HTTPStatus returns the HTTP status that stands for the code; 500 for one that
// is not canonical.
func (c Code) HTTPStatus() int {
	if !c.known() {
		return 500
	}
	return codes[c].status
}

func (c Code) generic() string {
	if !c.known() {
		return codes[Unknown].generic
	}
	return codes[c].generic
}

// ParseCode returns the code with this wire name. It also reads "CANCELED". The
// error of any other text names it; the code is then [Unknown].
func ParseCode(name string) (Code, error) {
	if name == "CANCELED" {
		return Canceled, nil
	}
	for c := range codes {
		if codes[c].name == name {
			return Code(c), nil
		}
	}
	return Unknown, fmt.Errorf("endpoint: no code has the name %q", name)
}

// CodeOfStatus returns the code that an HTTP status of a foreign server stands
// for; [OK] for 2xx.
func CodeOfStatus(status int) Code {
	switch status {
	case 400, 406, 411, 414, 415, 422, 431:
		return InvalidArgument
	case 401:
		return Unauthenticated
	case 403:
		return PermissionDenied
	case 404, 410:
		return NotFound
	case 408:
		return DeadlineExceeded
	case 409:
		return Aborted
	case 412, 428:
		return FailedPrecondition
	case 413, 429:
		return ResourceExhausted
	case 416:
		return OutOfRange
	case 499:
		return Canceled
	case 405, 501:
		return Unimplemented
	case 502, 503:
		return Unavailable
	case 504:
		return DeadlineExceeded
	}
	switch {
	case status >= 200 && status < 300:
		return OK
	case status >= 400 && status < 500:
		return InvalidArgument
	case status >= 500 && status < 600:
		return Internal
	}
	return Unknown
}
