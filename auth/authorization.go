package auth

import (
	"errors"
	"strings"

	"github.com/typedkit/endpoint"
)

// maxCredential is how many bytes of credentials are looked at.
const maxCredential = 8 << 10

var (
	errMalformed = errors.New("auth: the credentials are malformed")
	errDoubled   = errors.New("auth: the request has several credentials")
	errTooLong   = errors.New("auth: the credentials are longer than 8 KiB")
)

// A key is the name of a header, as HTTP and as gRPC write it.
type key struct{ name, lower string }

func keyOf(name string) key { return key{name, strings.ToLower(name)} }

var authorization = keyOf("Authorization")

// of returns the values of the header, which are not to be changed. It allocates nothing if
// the name is in the form of the transport, as Header.Values does.
func (k key) of(h *endpoint.Header) []string {
	if strings.HasSuffix(k.lower, "-bin") { // its values are in base64
		return h.Values(k.name)
	}
	raw := h.Raw()
	if values := raw[k.name]; len(values) > 0 {
		return values
	}
	if values := raw[k.lower]; len(values) > 0 {
		return values
	}
	return h.Values(k.name)
}

// readAuthorization reads the header Authorization. ok is false if there is none, or one of
// another scheme.
func readAuthorization(call *endpoint.Call, parse func(value string) (string, bool, error)) (credential string, ok bool, err error) {
	switch values := authorization.of(call.Header()); {
	case len(values) == 0:
		return "", false, nil
	case len(values) > 1:
		return "", true, errDoubled
	case len(values[0]) > maxCredential:
		return "", true, errTooLong
	default:
		return parse(values[0])
	}
}

// cutScheme returns what follows the scheme in a value of Authorization. Its name has any
// case (RFC 9110 §11.1).
func cutScheme(value, scheme string) (rest string, ok bool) {
	value = strings.Trim(value, " \t")
	if len(value) < len(scheme) || !strings.EqualFold(value[:len(scheme)], scheme) {
		return "", false
	}
	rest = value[len(scheme):]
	if rest != "" && rest[0] != ' ' {
		return "", false
	}
	return strings.TrimLeft(rest, " "), true
}
