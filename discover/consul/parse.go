package consul

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/consul/api"
)

// maxResponse is the largest response that a client of Parse reads, in bytes.
const maxResponse = 64 << 20

// Parse returns the registry of a service at a URL of the form consul://host:port, as a flag
// of a program has it. The token, TLS, the namespace and the like come from the environment,
// as Consul's own programs read them: CONSUL_HTTP_TOKEN, CONSUL_HTTP_SSL, CONSUL_CACERT and so
// on. [New] takes a client that is set up in another way. [Registry.Close] closes the
// connections.
func Parse(rawURL, service string, opts ...Option) (*Registry, error) {
	addr, err := hostOf(rawURL)
	if err != nil {
		return nil, fmt.Errorf("consul: Parse(%q): %w", withoutUser(rawURL), err)
	}
	client, transport, err := newClient(addr)
	if err != nil {
		return nil, fmt.Errorf("consul: Parse(%q): %w", withoutUser(rawURL), err)
	}
	r := New(client, service, opts...)
	r.close = transport.CloseIdleConnections
	if err := r.config.err(); err != nil {
		return nil, err
	}
	return r, nil
}

// newClient returns a client of the agent at an address, and what has its connections.
func newClient(addr string) (*api.Client, *http.Transport, error) {
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: requestTime, KeepAlive: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout:   requestTime,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       time.Minute,
		ExpectContinueTimeout: time.Second,
	}
	config := api.DefaultConfig()
	config.Address = addr
	client, err := api.NewHttpClient(transport, config.TLSConfig)
	if err != nil {
		return nil, nil, err
	}
	client.Transport = boundedTransport{transport}
	config.HttpClient = client
	c, err := api.NewClient(config)
	return c, transport, err
}

// hostOf returns the address in a URL.
func hostOf(rawURL string) (string, error) {
	u, err := url.Parse(rawURL)
	switch {
	case err != nil:
		return "", errors.Unwrap(err) // it has the URL
	case u.Scheme != "consul" || u.Opaque != "":
		return "", errors.New("it must begin with consul://")
	case u.User != nil:
		return "", errors.New("it must not have credentials; set CONSUL_HTTP_TOKEN, or use New")
	case u.Path != "" && u.Path != "/", u.RawQuery != "", u.Fragment != "":
		return "", errors.New("it must not have a path, a query or a fragment")
	}
	if host, port, err := net.SplitHostPort(u.Host); err != nil || host == "" || port == "" {
		return "", fmt.Errorf("%q is not of the form host:port", u.Host)
	}
	return u.Host, nil
}

// withoutUser returns a URL, which may be malformed, without credentials.
func withoutUser(rawURL string) string {
	at := strings.LastIndexByte(rawURL, '@')
	if at < 0 {
		return rawURL
	}
	return "consul://***" + rawURL[at:]
}

// A boundedTransport makes large responses errors.
type boundedTransport struct{ next http.RoundTripper }

// RoundTrip makes the request.
func (t boundedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	resp.Body = http.MaxBytesReader(nil, resp.Body, maxResponse)
	return resp, nil
}
