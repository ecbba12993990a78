package zookeeper

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Parse returns the registry of a service at a URL of the form
// zk://host:port[,host:port…][/path], as a flag of a program has it. The node of the service is
// the child of that path, which is "/services" if the URL has none, with the name of the
// service. [New] is the same without a URL; both take all options.
func Parse(rawURL, service string, opts ...Option) (*Registry, error) {
	servers, path, err := split(rawURL)
	if err != nil {
		return nil, fmt.Errorf("zookeeper: Parse(%q): %w", redacted(rawURL), err)
	}
	if service == "" || strings.Contains(service, "/") {
		return nil, fmt.Errorf("zookeeper: Parse: the service %q is not a name without slashes", service)
	}
	r := New(servers, path+"/"+service, opts...)
	if err := r.config.err(); err != nil {
		return nil, err
	}
	return r, nil
}

// split returns what a URL says. url.Parse refuses several hosts.
func split(rawURL string) (servers []string, path string, err error) {
	rest, ok := strings.CutPrefix(rawURL, "zk://")
	if !ok {
		return nil, "", errors.New("it must begin with zk://")
	}
	hosts, _, _ := strings.Cut(rest, "/")
	u, err := url.Parse("zk://" + strings.TrimPrefix(rest, hosts))
	switch {
	case err != nil:
		return nil, "", err
	case u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(hosts, "?#"):
		return nil, "", errors.New("it must not have a query or a fragment")
	case strings.Contains(hosts, "@"):
		return nil, "", errors.New("it must not have credentials; use Auth")
	}
	for server := range strings.SplitSeq(hosts, ",") {
		if !isAddress(server) {
			return nil, "", fmt.Errorf("%q is not of the form host:port", server)
		}
		servers = append(servers, server)
	}
	path = strings.TrimRight(u.Path, "/")
	if path == "" {
		path = "/services"
	}
	return servers, path, nil
}

// redacted returns a URL without its credentials.
func redacted(rawURL string) string {
	scheme, rest, _ := strings.Cut(rawURL, "://")
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		return scheme + "://xxxxx" + rest[i:]
	}
	return rawURL
}
