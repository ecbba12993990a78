package openapipage

import (
	"fmt"
	"net/url"
	"strings"
)

// policyOf returns the Content-Security-Policy of the page, which can send requests to its
// own host and to servers. The page makes no HTML of a text, which Trusted Types enforce:
// a document is not trusted. The errors are the faults of servers.
func policyOf(servers []string) (policy string, faults []error) {
	connect := "connect-src 'self'"
	for _, s := range servers {
		origin, err := originOf(s)
		switch {
		case err != nil:
			faults = append(faults, err)
		case !strings.Contains(connect+" ", " "+origin+" "):
			connect += " " + origin
		}
	}
	return strings.Join([]string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", connect, "img-src data:",
		"frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'",
		"require-trusted-types-for 'script'", "trusted-types 'none'",
	}, "; "), faults
}

// originOf returns the origin of a server's URL as a source of a policy.
func originOf(server string) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", fmt.Errorf("the URL of a server: %w", err)
	}
	host := strings.ToLower(u.Host)
	if u.Scheme != "http" && u.Scheme != "https" || !isHost(host) {
		return "", fmt.Errorf("the URL of a server must begin with http:// or https:// and a host, got %q", server)
	}
	return u.Scheme + "://" + host, nil
}

// isHost reports whether host, which may have a port, has no character with a meaning in a
// policy.
func isHost(host string) bool {
	return host != "" && strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789.-:[]") == ""
}
