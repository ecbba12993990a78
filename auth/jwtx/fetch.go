package jwtx

import (
	"context"
	"encoding/json/v2"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// maxDocument is how many bytes of an answer are read.
const maxDocument = 256 << 10

// A source is where the keys of an issuer are.
type source struct {
	issuer        string
	configuration string // the URL of its OpenID configuration; "" if jwks is known
	jwks          string
	client        *http.Client
}

// fetch asks the issuer for its keys.
func (s *source) fetch(ctx context.Context) (*keySet, error) {
	jwks, err := s.locate(ctx)
	if err != nil {
		return nil, err
	}
	data, err := s.get(ctx, jwks)
	if err != nil {
		return nil, err
	}
	return parseKeys(data)
}

// locate returns the URL of the keys, which may change.
func (s *source) locate(ctx context.Context) (string, error) {
	if s.configuration == "" {
		return s.jwks, nil
	}
	data, err := s.get(ctx, s.configuration)
	if err != nil {
		return "", err
	}
	var c struct {
		Issuer string `json:"issuer"`
		JWKS   string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return "", errors.New("jwtx: the OpenID configuration cannot be read")
	}
	// OpenID Connect Discovery 1.0 §4.3: "The issuer value returned MUST be identical to the
	// Issuer URL that was used as the prefix".
	if c.Issuer != s.issuer {
		return "", errors.New("jwtx: the OpenID configuration is that of another issuer")
	}
	return c.JWKS, s.checkJWKS(c.JWKS)
}

// checkJWKS returns what is wrong with a URL of keys that the issuer has named. It is not
// less safe than the issuer's own.
func (s *source) checkJWKS(text string) error {
	u, err := url.Parse(text)
	own, oerr := url.Parse(s.issuer)
	if err != nil || oerr != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != own.Scheme {
		return errors.New("jwtx: the OpenID configuration has no jwks_uri of use")
	}
	return nil
}

// get returns the body of a successful answer.
func (s *source) get(ctx context.Context, from string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, from, http.NoBody)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	resp, err := s.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("jwtx: %s answered %d", r.URL.Redacted(), resp.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
	if err != nil {
		return nil, fmt.Errorf("jwtx: %s: %w", r.URL.Redacted(), err)
	}
	if len(data) > maxDocument {
		return nil, fmt.Errorf("jwtx: the answer of %s is longer than %d KiB", r.URL.Redacted(), maxDocument>>10)
	}
	return data, nil
}
