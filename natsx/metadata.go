package natsx

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/typedkit/endpoint"
)

// Headers of this transport.
const (
	contentTypeHeader = "Content-Type"
	timeoutHeader     = "Endpoint-Timeout-Ms"
	errorHeader       = "Endpoint-Error"
	streamHeader      = "Endpoint-Stream"
	seqHeader         = "Endpoint-Seq"

	attemptKey = "endpoint-attempt" // of the toolkit, which callers may not set

	// Of the micro framework of NATS.
	serviceErrorHeader     = "Nats-Service-Error"
	serviceErrorCodeHeader = "Nats-Service-Error-Code"

	// Of the NATS server: "503" means that nobody subscribes to the subject.
	statusHeader = "Status"
	noResponders = "503"
)

// isOwn reports whether a lower-case key belongs to this transport or to NATS.
func isOwn(key string) bool {
	switch key {
	case "content-type", "endpoint-timeout-ms", "endpoint-error", "endpoint-stream", "endpoint-seq", "status", "description":
		return true
	}
	return strings.HasPrefix(key, "nats-")
}

// setMetadata adds the metadata of a call to the header of a message. raw has lower-case
// keys and raw values. Keys that cannot be sent are left out. The error names them.
func setMetadata(h nats.Header, raw map[string][]string) error {
	var faults []error
	for key, values := range raw {
		one := endpoint.MetadataHeader(map[string][]string{key: values})
		switch err := one.Check(); {
		case isOwn(key):
			faults = append(faults, fmt.Errorf("the header %q belongs to NATS", key))
		case err != nil && key != attemptKey:
			faults = append(faults, err)
		case strings.HasSuffix(key, "-bin"):
			h[key] = encoded(values)
		default:
			h[key] = values
		}
	}
	slices.SortFunc(faults, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) }) // a map has no order
	return errors.Join(faults...)
}

func encoded(values []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = base64.RawStdEncoding.EncodeToString([]byte(v))
	}
	return out
}

// metadataOf returns the metadata in the header of a message that came.
func metadataOf(h nats.Header) endpoint.Header {
	var raw map[string][]string
	for key, values := range h {
		lower := strings.ToLower(key)
		if isOwn(lower) {
			continue
		}
		if raw == nil {
			raw = make(map[string][]string, len(h))
		}
		if strings.HasSuffix(lower, "-bin") {
			values = decoded(values)
		}
		raw[lower] = append(raw[lower], values...)
	}
	return endpoint.MetadataHeader(raw)
}

// decoded returns the bytes of values in base64, padded or not. A value that is not
// base64 stays as it is.
func decoded(values []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(v, "="))
		if err != nil {
			b = []byte(v)
		}
		out[i] = string(b)
	}
	return out
}

// lookup returns the first value of a header, whatever the case of its key.
func lookup(h nats.Header, key string) (value string, ok bool) {
	if vs := h[key]; len(vs) > 0 {
		return vs[0], true
	}
	for k, vs := range h {
		if len(vs) > 0 && strings.EqualFold(k, key) {
			return vs[0], true
		}
	}
	return "", false
}

// header returns the first value of a header, or "".
func header(h nats.Header, key string) string {
	v, _ := lookup(h, key)
	return v
}

// remaining returns the time that is left in milliseconds, at least one: a call whose
// time is up ends by its context.
func remaining(deadline time.Time) string {
	ms := time.Until(deadline).Milliseconds()
	return strconv.FormatInt(min(max(ms, 1), 9_999_999_999), 10)
}

// timeLeft reads the time that a caller gives, which is 0 without one.
func timeLeft(h nats.Header) (time.Duration, error) {
	v := header(h, timeoutHeader)
	if v == "" {
		return 0, nil
	}
	ms, err := strconv.ParseUint(v, 10, 64)
	if err != nil || ms == 0 || len(v) > 10 {
		return 0, ErrInvalidRequest.WithViolations(endpoint.Violation{
			Parameter: "header:" + timeoutHeader,
			Detail:    "must be one positive number of milliseconds of at most ten digits",
		})
	}
	return time.Duration(ms) * time.Millisecond, nil //nolint:gosec // ten digits
}
