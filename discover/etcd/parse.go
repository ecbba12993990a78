package etcd

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
)

// Parse returns the registry of a service at a URL of the form
// etcd://host:port[,host:port…][/prefix], as a flag of a program has it. The keys of the
// service begin with the prefix, which is "/services" if the URL has none, a slash and the
// name of the service. The connections are not encrypted and have no credentials; [New]
// takes a client that has them. [Registry.Close] closes the connections.
func Parse(rawURL, service string, opts ...Option) (*Registry, error) {
	endpoints, prefix, err := split(rawURL)
	if err != nil {
		return nil, fmt.Errorf("etcd: Parse(%q): %w", redacted(rawURL), err)
	}
	if service == "" || strings.Contains(service, "/") {
		return nil, fmt.Errorf("etcd: Parse: the service %q is not a name without slashes", service)
	}
	client, err := clientv3.New(clientv3.Config{
		Endpoints:            endpoints,
		DialKeepAliveTime:    10 * time.Second,
		DialKeepAliveTimeout: 3 * time.Second,
		DialOptions: []grpc.DialOption{grpc.WithConnectParams(grpc.ConnectParams{
			MinConnectTimeout: 2 * time.Second,
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
		})},
		Logger: zap.NewNop(), // Watch and events tell of errors
	})
	if err != nil {
		return nil, fmt.Errorf("etcd: Parse: %w", err)
	}
	r := New(client, prefix+"/"+service, opts...)
	r.client = client
	if err := r.config.err(); err != nil {
		_ = client.Close()
		return nil, err
	}
	return r, nil
}

// split returns what a URL says.
func split(rawURL string) (endpoints []string, prefix string, err error) {
	u, err := parseURL(rawURL)
	if err != nil {
		return nil, "", err
	}
	for endpoint := range strings.SplitSeq(u.Host, ",") {
		if host, port, err := net.SplitHostPort(endpoint); err != nil || host == "" || port == "" {
			return nil, "", fmt.Errorf("%q is not of the form host:port", endpoint)
		}
		endpoints = append(endpoints, endpoint)
	}
	prefix = strings.TrimRight(u.Path, "/")
	if prefix == "" {
		prefix = "/services"
	}
	return endpoints, prefix, nil
}

// parseURL parses a URL with several hosts, which url.Parse refuses.
func parseURL(rawURL string) (*url.URL, error) {
	rest, ok := strings.CutPrefix(rawURL, "etcd://")
	if !ok {
		return nil, errors.New("it must begin with etcd://")
	}
	hosts, _, _ := strings.Cut(rest, "/")
	u, err := url.Parse("etcd://" + strings.TrimPrefix(rest, hosts))
	switch {
	case err != nil:
		return nil, err
	case u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(hosts, "?#"):
		return nil, errors.New("it must not have a query or a fragment")
	case strings.Contains(hosts, "@"):
		return nil, errors.New("it must not have credentials; use New")
	}
	u.Host = hosts
	return u, nil
}

// redacted returns a URL without its credentials.
func redacted(rawURL string) string {
	scheme, rest, _ := strings.Cut(rawURL, "://")
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		return scheme + "://xxxxx" + rest[i:]
	}
	return rawURL
}
