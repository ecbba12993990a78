package httpx

import (
	"crypto/tls"
	"net/http"
	"net/url"
)

// origin is a request as layers see it that look for credentials. It is a
// credential.Origin.
type origin http.Request

// Query returns the values of a parameter of the query.
func (o *origin) Query(name string) []string {
	if o.URL == nil || o.URL.RawQuery == "" {
		return nil
	}
	values, _ := url.ParseQuery(o.URL.RawQuery) // the pairs that can be read
	return values[name]
}

// Connection returns the state of TLS, or nil.
func (o *origin) Connection() *tls.ConnectionState { return o.TLS }
