package auth

import (
	"context"
	"crypto/x509"
	"errors"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/credential"
)

// A ClientCert is a scheme of client certificates (mutual TLS). P is the type of a caller.
// It is declared as a pointer to a literal and not changed afterwards.
//
// TLS verifies the certificates: the tls.Config of the server needs ClientCAs, and
// tls.VerifyClientCertIfGiven or tls.RequireAndVerifyClientCert for ClientAuth. One that TLS
// did not verify is refused.
type ClientCert[P Principal] struct {
	Name string // in documents and faults; required
	Doc  string // for documents
}

// Needs requires a certificate, with any scopes.
func (c *ClientCert[P]) Needs() endpoint.Needs { return endpoint.Needs{{Scheme: c}} }

// Scope requires a caller who has all the scopes.
func (c *ClientCert[P]) Scope(scopes ...string) endpoint.Requirement {
	return endpoint.Needs{{Scheme: c, Scopes: scopes}}
}

// Err returns what is wrong with the scheme, or nil.
func (c *ClientCert[P]) Err() error { return checkName("ClientCert", c.Name, "") }

// Info describes the scheme.
func (c *ClientCert[P]) Info() endpoint.SchemeInfo {
	return endpoint.SchemeInfo{Name: c.Name, Type: "mutualTLS", Doc: c.Doc}
}

// Challenge returns "": HTTP has no challenge for certificates.
func (c *ClientCert[P]) Challenge(string, []string) string { return "" }

// errUnverified is the error of a certificate that TLS did not verify.
var errUnverified = errors.New("auth: TLS did not verify the client's certificate")

// Verify returns the layer of a server that finds out whose a certificate is. verify returns
// that, and the scopes; for its errors, see [Bearer.Verify].
func (c *ClientCert[P]) Verify(verify func(ctx context.Context, cert *x509.Certificate) (P, []string, error), opts ...VerifyOption) endpoint.Layer {
	if c == nil || verify == nil {
		return newVerifier(c, readCert, nil, opts)
	}
	return newVerifier(c, readCert, func(ctx context.Context, _ string) (*endpoint.Proof, error) {
		p, scopes, err := verify(ctx, credential.Connection(ctx).PeerCertificates[0])
		if err != nil {
			return nil, err
		}
		return proofOf(c, p, scopes), nil
	}, opts)
}

// Send returns a layer that says that the client's connections have a certificate: the
// tls.Config of its *http.Client or of its gRPC connection has it. It sends nothing.
func (c *ClientCert[P]) Send() endpoint.Layer { return (*certSender)(newRelay(c, nil, nil)) }

// From returns who calls; see [Bearer.From].
func (c *ClientCert[P]) From(ctx context.Context) (p P, ok bool) { return from[P](ctx, c) }

// As returns a context in which p calls, as From sees it, for tests of handlers.
func (c *ClientCert[P]) As(ctx context.Context, p P) context.Context {
	return context.WithValue(ctx, asKey{c}, p)
}

// readCert returns the certificate of the connection, encoded.
func readCert(ctx context.Context, _ *endpoint.Call) (string, bool, error) {
	state := credential.Connection(ctx)
	switch {
	case state == nil || len(state.PeerCertificates) == 0:
		return "", false, nil
	case len(state.VerifiedChains) == 0:
		return "", true, errUnverified
	}
	return string(state.PeerCertificates[0].Raw), true, nil
}

// certSender is the layer of a client whose connections have a certificate.
type certSender relay

// Role is the layer's place in a resilience.ClientStack.
func (c *certSender) Role() string { return "auth" }

// Sends reports whether s is the layer's scheme.
func (c *certSender) Sends(s endpoint.Scheme) bool { return s == c.scheme }

// Enter does nothing.
func (c *certSender) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	return ctx, endpoint.Token{}, nil
}

// Exit returns err.
func (c *certSender) Exit(_ context.Context, _ endpoint.Token, err error) error { return err }
