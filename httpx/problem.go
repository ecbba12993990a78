package httpx

import (
	"encoding/json/jsontext"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/bounds"
	"github.com/typedkit/endpoint/internal/problem"
	"github.com/typedkit/endpoint/internal/service"
)

const problemType = problem.MediaType

// A Problem is the body of an error over HTTP (RFC 9457) as it came. The client
// keeps it as the cause of the *endpoint.Error that it makes of it, for what
// that has no place for; errors.As finds it.
//
// A client reads 64 KiB of a problem, and 1000 each of Errors, Help and Meta. The rest
// is dropped.
type Problem struct {
	Type     string `json:"type,omitzero"`
	Title    string `json:"title,omitzero"`
	Status   int    `json:"status,omitzero"`
	Detail   string `json:"detail,omitzero"`
	Instance string `json:"instance,omitzero"`

	Code       string             `json:"code,omitzero"`
	Domain     string             `json:"domain,omitzero"`
	Reason     string             `json:"reason,omitzero"`
	Errors     []ProblemViolation `json:"errors,omitzero"`
	RetryAfter string             `json:"retryAfter,omitzero"`
	Help       []ProblemLink      `json:"help,omitzero"`
	Meta       map[string]string  `json:"meta,omitzero"`
	Extensions jsontext.Value     `json:",embed"` // all other members
}

// A ProblemViolation is one fault of a request.
type ProblemViolation struct {
	Pointer   string `json:"pointer,omitzero"`
	Parameter string `json:"parameter,omitzero"`
	Detail    string `json:"detail,omitzero"`
}

// A ProblemLink is a page that helps.
type ProblemLink struct {
	Description string `json:"description,omitzero"`
	URL         string `json:"url,omitzero"`
}

// Error returns the detail, or the status of a problem without one. The text is cut
// after 1 KiB, and characters that are not graphic are replaced.
func (p *Problem) Error() string {
	if p.Detail != "" {
		return bounds.Line(p.Detail)
	}
	return fmt.Sprintf("HTTP status %d: %s", p.Status, bounds.Line(p.Title))
}

// own returns e, an error of this package for which HTTP has a status that says
// more than that of its code. It is for the package's variables alone.
func own(status int, e *endpoint.Error) *endpoint.Error {
	ownStatus[service.Identity(e)] = status
	return e
}

// ownStatus is filled by own before the program's main, and never after.
var ownStatus = map[string]int{}

// usualStatus returns the status that an error goes out with, unless MapErrors sets
// another one.
func usualStatus(e *endpoint.Error, overrides map[string]int) int {
	if status, ok := overrides[service.Identity(e)]; ok && e.Domain() != "" {
		return status
	}
	if status, ok := ownStatus[service.Identity(e)]; ok {
		return status
	}
	return e.Code().HTTPStatus()
}

// appendProblem appends the body of an error.
func appendProblem(dst []byte, e *endpoint.Error, status int) []byte {
	return problem.Append(dst, e, status, titleOf(status))
}

func titleOf(status int) string {
	if status == 499 {
		return "Client Closed Request"
	}
	return http.StatusText(status)
}

// headerLines are the values of one header.
type headerLines struct {
	key    string
	values []string
}

// setAround keeps the headers that describe a body and were set before the call, by
// middlewares around the route.
func (x *exchange) setAround(h http.Header) {
	for key, values := range h {
		if describesBody(key) {
			x.around = append(x.around, headerLines{key, values})
		}
	}
}

// describesBody reports whether a header describes the body of an answer. key is in
// canonical form. Content-Type and Content-Length are not among them: problemHeader
// replaces these whoever set them.
func describesBody(key string) bool {
	switch key {
	case "Content-Encoding", "Content-Language", "Content-Location", "Content-Disposition", "Content-Range",
		"Content-Digest", "Repr-Digest", "Digest", "Content-Md5", "Etag", "Last-Modified", "Expires", "Cache-Control":
		return true
	}
	return false
}

// problemHeader sets the headers of an error. Headers that the handler and the layers
// set for a body that is not sent are deleted; around restores those that middlewares
// set before the call. media is the type of the body. See decisions 11 and 123.
func problemHeader(h http.Header, around []headerLines, e *endpoint.Error, status int, media string) {
	for key := range h {
		if describesBody(key) {
			delete(h, key)
		}
	}
	for _, lines := range around {
		h[lines.key] = lines.values
	}
	delete(h, "Content-Length")
	h.Set("Content-Type", media)
	h.Set("X-Content-Type-Options", "nosniff")
	if d := e.RetryAfter(); d > 0 && h.Get("Retry-After") == "" {
		// Whole seconds (RFC 9110 §10.2.3), rounded up: earlier is too early.
		h.Set("Retry-After", strconv.FormatInt(int64(math.Ceil(d.Seconds())), 10))
	}
	if status == http.StatusUnauthorized && h.Get("WWW-Authenticate") == "" {
		h.Set("WWW-Authenticate", "Bearer") // RFC 9110 §15.5.2: a 401 names a scheme
	}
}

// toError returns the error of an answer whose body was read into p. ok reports
// whether it is a problem, if it has a code.
func (p *Problem) toError(status int, header http.Header, body []byte, ok bool) *endpoint.Error {
	if !ok || p.Code == "" {
		return foreignError(status, header, body, p, ok && mediaOf(header) == problemType)
	}
	p.Status = status
	e := p.document().ToError(p)
	if _, err := time.ParseDuration(p.RetryAfter); err == nil {
		return e
	}
	return e.WithRetryAfter(retryAfter(header))
}

// foreignError is for a server that is not one of ours: the code is that of its
// status, and what it said is for logs.
func foreignError(status int, header http.Header, body []byte, p *Problem, isProblem bool) *endpoint.Error {
	code := codeOfStatus(status)
	message := ""
	if isProblem {
		message = p.Detail
		if message == "" {
			message = p.Title
		}
	}
	if message == "" {
		message = strings.ToLower(titleOf(status))
	}
	p.Status, p.Title = status, titleOf(status)
	var cause error = p
	if !isProblem {
		cause = errors.New(foreignText(status, header, body))
	}
	return endpoint.FromWire(code, "", "", message).WithCause(cause).WithRetryAfter(retryAfter(header))
}

// foreignText is the begin of a foreign answer, in one printable line.
func foreignText(status int, header http.Header, body []byte) string {
	const most = 256
	text := fmt.Sprintf("HTTP status %d", status)
	if t := header.Get("Content-Type"); t != "" {
		text += fmt.Sprintf(", %.64q", t)
	}
	if len(body) > most {
		body = body[:most]
	}
	if len(body) > 0 {
		text += fmt.Sprintf(": %q", body)
	}
	return text
}

// retryAfter reads the header in both of its forms.
func retryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	if v == "" {
		return 0
	}
	n, err := strconv.ParseUint(v, 10, 31)
	if err == nil || errors.Is(err, strconv.ErrRange) { // RFC 9110 §10.2.3: any number of digits
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(v); err == nil {
		return max(time.Until(t), 0)
	}
	return 0
}
