package grpcx

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/internal/bounds"
	"github.com/typedkit/endpoint/internal/shell"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Errors that a server of this package answers with by itself.
var (
	// ErrInvalidRequest is the error of a request that cannot be read.
	ErrInvalidRequest = codec.ErrInvalid
	// ErrMessageTooLarge is the error of a message of more bytes than
	// [MaxMessage] allows, or the server itself. Over HTTP it is that of a body.
	ErrMessageTooLarge = endpoint.Define(endpoint.ResourceExhausted, "endpoint", "BODY_TOO_LARGE", "the message is too large")
	// ErrUnsupportedMediaType is the error of a message in a format that the
	// method does not speak.
	ErrUnsupportedMediaType = endpoint.Define(endpoint.InvalidArgument, "endpoint", "UNSUPPORTED_MEDIA_TYPE", "unsupported media type")
	// ErrRangedTwice is the error of the second range over a request stream.
	ErrRangedTwice = shell.ErrRangedTwice
)

func tooLarge(limit int) error {
	return ErrMessageTooLarge.WithMeta("limit", strconv.Itoa(limit))
}

// statusError is an error that has a gRPC status.
type statusError interface {
	error
	GRPCStatus() *status.Status
}

// coded gives an error, perhaps nil, that is nothing but a status of gRPC the code that it
// has: a handler that makes one, as handlers of gRPC do, says what it means. The
// status is kept as the cause, and goes out as it is.
func coded(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*endpoint.Error](err); ok && e != nil {
		return err
	}
	st, ok := errors.AsType[statusError](err)
	if !ok || st.GRPCStatus() == nil || st.GRPCStatus().Code() == codes.OK {
		return err
	}
	return endpoint.Errorf(codeOf(st.GRPCStatus()), "%s", st.GRPCStatus().Message()).WithCause(&rawStatus{err, st.GRPCStatus()})
}

// rawStatus is the cause of an error that coded made. See decision 55.
type rawStatus struct {
	error
	status *status.Status
}

func (r *rawStatus) Unwrap() error { return r.error }

// codeOf returns the code of an error's status; one that nobody knows yet is
// Unknown.
func codeOf(st *status.Status) endpoint.Code {
	if st.Code() == codes.OK || st.Code() > codes.Unauthenticated {
		return endpoint.Unknown
	}
	return endpoint.Code(st.Code()) //nolint:gosec // it is one of the 17
}

// statusOf returns what is sent for an error that op sends as e.
func statusOf(e *endpoint.Error) *status.Status {
	st := &spb.Status{Code: int32(e.Code()), Message: clean(e.Message())} //nolint:gosec // there are 17 codes
	if raw, ok := e.Unwrap().(*rawStatus); ok {                           //nolint:errorlint // it is ours, not wrapped
		st.Message, st.Details = clean(raw.status.Message()), raw.status.Proto().GetDetails()
		dropRest(st) // it may be that of a peer
		return status.FromProto(st)
	}
	for _, d := range details(e) {
		if packed, err := anypb.New(d); err == nil { // of clean strings: it cannot fail
			st.Details = append(st.Details, packed)
		}
	}
	if e.Remote() {
		st.Details = append(st.Details, unknownDetails(e)...)
	}
	return status.FromProto(st)
}

// StatusOf returns the status that a server of this package sends for err, whose operation
// declares no errors; nil for nil. For adapters of other libraries.
func StatusOf(err error) *status.Status {
	if err == nil {
		return nil
	}
	return statusOf(new(endpoint.Operation).Outgoing(coded(err)))
}

// FromStatus returns the error of a client of this package for err, if a call of grpc-go
// returned err and it has a status; otherwise err. The result is an *endpoint.Error that is
// Remote, with the identity and the details of the status, and with err as its cause. For
// adapters of other libraries.
func FromStatus(err error) error {
	st, ok := errors.AsType[statusError](err)
	if !ok || st.GRPCStatus() == nil || st.GRPCStatus().Code() == codes.OK {
		return err
	}
	return errorOf(st.GRPCStatus(), err)
}

// details returns what of an error has a place in google.rpc.
func details(e *endpoint.Error) []proto.Message {
	var out []proto.Message
	if meta := e.Meta(); e.Domain() != "" || e.Reason() != "" || len(meta) > 0 {
		out = append(out, &errdetails.ErrorInfo{Domain: e.Domain(), Reason: e.Reason(), Metadata: cleanMap(meta)})
	}
	if vs := e.Violations(); len(vs) > 0 {
		bad := &errdetails.BadRequest{}
		for _, v := range vs {
			field := v.Pointer
			if v.Parameter != "" {
				field = v.Parameter
			}
			bad.FieldViolations = append(bad.FieldViolations, &errdetails.BadRequest_FieldViolation{Field: clean(field), Description: clean(v.Detail)})
		}
		out = append(out, bad)
	}
	if d := e.RetryAfter(); d > 0 {
		out = append(out, &errdetails.RetryInfo{RetryDelay: durationpb.New(d)})
	}
	if links := e.Help(); len(links) > 0 {
		help := &errdetails.Help{}
		for _, l := range links {
			help.Links = append(help.Links, &errdetails.Help_Link{Description: clean(l.Description), Url: clean(l.URL)})
		}
		out = append(out, help)
	}
	return out
}

// unknownDetails returns those of a remote error's status that an endpoint.Error
// has no place for.
func unknownDetails(e *endpoint.Error) []*anypb.Any {
	st, ok := errors.AsType[statusError](e.Unwrap())
	if !ok {
		return nil
	}
	var unknown []*anypb.Any
	for _, d := range st.GRPCStatus().Proto().GetDetails() {
		switch d.MessageName() {
		case "google.rpc.ErrorInfo", "google.rpc.BadRequest", "google.rpc.RetryInfo", "google.rpc.Help":
		default:
			unknown = append(unknown, d)
		}
	}
	return unknown
}

// errorOf returns the error of a status that came over the wire, with cause, the
// error that grpc-go made of it: status.FromError finds the status there, with
// all its details. Of a status with more than a client reads, the rest is dropped. See
// decision 128.
func errorOf(st *status.Status, cause error) *endpoint.Error {
	received := st.Proto()
	if dropRest(received) {
		cause = status.FromProto(received).Err()
	}
	var info errdetails.ErrorInfo
	var bad errdetails.BadRequest
	var retry errdetails.RetryInfo
	var help errdetails.Help
	var violations []endpoint.Violation
	var links []endpoint.Link
	for _, d := range received.GetDetails() {
		switch {
		case reads(d, &bad):
			for _, v := range bad.GetFieldViolations()[:min(len(bad.GetFieldViolations()), bounds.Members-len(violations))] {
				violations = append(violations, violation(v.GetField(), v.GetDescription()))
			}
		case reads(d, &help):
			for _, l := range help.GetLinks()[:min(len(help.GetLinks()), bounds.Members-len(links))] {
				links = append(links, endpoint.Link{Description: l.GetDescription(), URL: l.GetUrl()})
			}
		case reads(d, &info), reads(d, &retry):
		}
	}
	e := endpoint.FromWire(codeOf(st), info.GetDomain(), info.GetReason(), received.GetMessage())
	e = e.WithCause(&spoken{cause, e.Message()})
	if len(violations) > 0 {
		e = e.WithViolations(violations...)
	}
	if len(links) > 0 {
		e = e.WithHelp(links...)
	}
	e = withMeta(e, info.GetMetadata())
	if wait := retry.GetRetryDelay().AsDuration(); wait > 0 {
		e = e.WithRetryAfter(wait)
	}
	return e
}

// dropRest cuts a status down to the bytes that a client reads. It reports whether
// there were more.
func dropRest(st *spb.Status) bool {
	room := bounds.ErrorBytes
	message := bounds.Cut(st.GetMessage(), room)
	dropped := len(message) < len(st.GetMessage())
	st.Message = message
	room -= len(message)
	for i, d := range st.GetDetails() {
		if room -= len(d.GetTypeUrl()) + len(d.GetValue()); room < 0 {
			st.Details = st.GetDetails()[:i:i]
			return true
		}
	}
	return dropped
}

// reads decodes a detail into m. It reports whether the detail is one of the type of m
// that can be read.
func reads(d *anypb.Any, m proto.Message) bool {
	return d.MessageIs(m) && d.UnmarshalTo(m) == nil
}

// withMeta returns e with the metadata of a peer: of too many, those whose keys come
// first.
func withMeta(e *endpoint.Error, meta map[string]string) *endpoint.Error {
	if len(meta) <= bounds.Members {
		for k, v := range meta {
			e = e.WithMeta(k, v)
		}
		return e
	}
	for _, k := range slices.Sorted(maps.Keys(meta))[:bounds.Members] {
		e = e.WithMeta(k, meta[k])
	}
	return e
}

// spoken is the error of a status with the words of its message alone: grpc-go
// says its code, too, which the error around it has already. An endpoint.Error
// says the words of its cause once when they are its own. See decision 101.
type spoken struct {
	error
	words string
}

func (s *spoken) Error() string { return bounds.Line(s.words) }

func (s *spoken) Unwrap() error { return s.error }

// speak returns err as spoken, if it is a status that has words.
func speak(err error) error {
	if st, ok := status.FromError(err); ok && st.Message() != "" {
		return &spoken{err, st.Message()}
	}
	return err
}

// violation is the fault of a field: a parameter, which begins with its source,
// or a pointer.
func violation(field, detail string) endpoint.Violation {
	source, _, ok := strings.Cut(field, ":")
	if ok {
		switch source {
		case "path", "query", "header", "cookie":
			return endpoint.Violation{Parameter: field, Detail: detail}
		}
	}
	return endpoint.Violation{Pointer: field, Detail: detail}
}

// clean makes text valid UTF-8, because protobuf's is.
func clean(s string) string { return strings.ToValidUTF8(s, "\ufffd") }

func cleanMap(m map[string]string) map[string]string {
	cleaned := maps.Clone(m)
	clear(cleaned)
	for k, v := range m {
		cleaned[clean(k)] = clean(v)
	}
	return cleaned
}

// unread is the error of a request that grpc-go did not hand over. Its answer is
// on the wire already; this one is for layers and hooks. That answer ends the
// context, too, so what the status says of the message comes before it.
func unread(ctx context.Context, err error) error {
	st, ok := status.FromError(err)
	switch {
	case ok && st.Code() == codes.ResourceExhausted:
		return ErrMessageTooLarge.WithCause(speak(err))
	case ok && st.Code() == codes.Internal:
		return ErrInvalidRequest.WithCause(speak(err))
	case ctx.Err() != nil:
		return shell.ContextError(ctx)
	case !ok:
		return endpoint.Errorf(endpoint.Internal, "the request was not read: %w", err)
	}
	return endpoint.Errorf(codeOf(st), "the request was not read: %w", speak(err))
}
