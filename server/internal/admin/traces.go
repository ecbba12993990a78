package admin

import (
	"fmt"
	"net/url"
	"strings"
)

// Traces is the URL of the page of a trace, in which [traceMark] stands for the id. The zero
// Traces is none.
type Traces string

const traceMark = "{trace}"

// NewTraces returns the Traces of a URL. Its error says what is wrong with it.
func NewTraces(pattern string) (Traces, error) {
	u, err := url.Parse(strings.ReplaceAll(pattern, traceMark, "0"))
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return "", fmt.Errorf("%.128q is not a URL of http or https", pattern)
	case u.User != nil:
		return "", fmt.Errorf("the URL for %q has a user, whom everybody would see", u.Host)
	case strings.Count(pattern, traceMark) != 1 || strings.Contains(pattern[:len(u.Scheme)+len("://")+len(u.Host)], "{"):
		return "", fmt.Errorf("%.128q does not have %s once, behind its host", pattern, traceMark)
	}
	return Traces(pattern), nil
}

// of returns the URL of a trace, whose id has hexadecimal digits only, or "".
func (t Traces) of(id string) string {
	if t == "" || id == "" {
		return ""
	}
	return strings.Replace(string(t), traceMark, id, 1)
}
