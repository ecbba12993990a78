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

// readAuthorization reads the header Authorization. ok is false if there is none, or one of
// another scheme.
func readAuthorization(call *endpoint.Call, parse func(value string) (string, bool, error)) (credential string, ok bool, err error) {
	switch values := call.Header().Values("Authorization"); {
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
	rest = strings.TrimLeft(value[len(scheme):], " ")
	return rest, len(value) == len(scheme) || value[len(scheme)] == ' '
}
