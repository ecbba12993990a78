// Package problem writes and reads the document of an error (RFC 9457), for all
// transports that send one.
package problem

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/bounds"
)

// MediaType is the type of a document.
const MediaType = "application/problem+json"

// A Document is an error as it goes over a wire.
type Document struct {
	Type     string `json:"type,omitzero"`
	Title    string `json:"title,omitzero"`
	Status   int    `json:"status,omitzero"`
	Detail   string `json:"detail,omitzero"`
	Instance string `json:"instance,omitzero"`

	Code       string            `json:"code,omitzero"`
	Domain     string            `json:"domain,omitzero"`
	Reason     string            `json:"reason,omitzero"`
	Errors     []Violation       `json:"errors,omitzero"`
	RetryAfter string            `json:"retryAfter,omitzero"`
	Help       []Link            `json:"help,omitzero"`
	Meta       map[string]string `json:"meta,omitzero"`
	Extensions jsontext.Value    `json:",embed"` // all other members
}

// A Violation is one fault of a request.
type Violation struct {
	Pointer   string `json:"pointer,omitzero"`
	Parameter string `json:"parameter,omitzero"`
	Detail    string `json:"detail,omitzero"`
}

// A Link is a page that helps.
type Link struct {
	Description string `json:"description,omitzero"`
	URL         string `json:"url,omitzero"`
}

// Error returns the detail, or the status of a document without one. The text is cut
// after 1 KiB, and characters that are not graphic are replaced.
func (d *Document) Error() string {
	if d.Detail != "" {
		return bounds.Line(d.Detail)
	}
	return fmt.Sprintf("status %d: %s", d.Status, bounds.Line(d.Title))
}

// Append appends the document of e, which is sent with a status and its title.
func Append(dst []byte, e *endpoint.Error, status int, title string) []byte {
	d := Of(e)
	d.Type, d.Title, d.Status, d.Detail = "about:blank", title, status, Clean(e.Message())
	body, err := json.Marshal(d, json.Deterministic(true))
	if err != nil { // of clean strings: it cannot be
		return append(dst, `{"type":"about:blank","status":500,"code":"INTERNAL"}`...)
	}
	return append(dst, body...)
}

// Of returns what a document has of e beside the message and what belongs to HTTP. Texts are
// valid UTF-8.
func Of(e *endpoint.Error) *Document {
	d := &Document{Code: e.Code().String(), Domain: Clean(e.Domain()), Reason: Clean(e.Reason())}
	for _, v := range e.Violations() {
		d.Errors = append(d.Errors, Violation{Clean(v.Pointer), Clean(v.Parameter), Clean(v.Detail)})
	}
	if wait := e.RetryAfter(); wait > 0 {
		d.RetryAfter = inSeconds(wait)
	}
	for _, l := range e.Help() {
		d.Help = append(d.Help, Link{Clean(l.Description), Clean(l.URL)})
	}
	for k, v := range e.Meta() {
		if d.Meta == nil {
			d.Meta = map[string]string{}
		}
		d.Meta[Clean(k)] = Clean(v)
	}
	return d
}

// ToError returns the error of a document that has a code. Its cause is cause. An
// unknown code is read as Unknown.
func (d *Document) ToError(cause error) *endpoint.Error {
	code, err := endpoint.ParseCode(d.Code)
	if err != nil || code == endpoint.OK {
		code = endpoint.Unknown
	}
	e := endpoint.FromWire(code, d.Domain, d.Reason, d.Detail).WithCause(cause)
	vs := make([]endpoint.Violation, 0, len(d.Errors))
	for _, v := range d.Errors {
		vs = append(vs, endpoint.Violation{Pointer: v.Pointer, Parameter: v.Parameter, Detail: v.Detail})
	}
	links := make([]endpoint.Link, 0, len(d.Help))
	for _, l := range d.Help {
		links = append(links, endpoint.Link{Description: l.Description, URL: l.URL})
	}
	e = e.WithViolations(vs...).WithHelp(links...)
	for k, v := range d.Meta {
		e = e.WithMeta(k, v)
	}
	if wait, err := time.ParseDuration(d.RetryAfter); err == nil {
		e = e.WithRetryAfter(wait)
	}
	return e
}

// inSeconds returns d, which is not negative, in the form that protobuf's JSON has
// for a Duration: seconds with up to nine decimal digits. It is made of integers,
// because no float is a tenth.
func inSeconds(d time.Duration) string {
	text := strconv.FormatInt(int64(d/time.Second), 10)
	if part := d % time.Second; part != 0 {
		text += strings.TrimRight(fmt.Sprintf(".%09d", part.Nanoseconds()), "0")
	}
	return text + "s"
}

// Clean makes text valid UTF-8, because JSON is.
func Clean(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\ufffd")
}
