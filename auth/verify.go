package auth

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/typedkit/endpoint"
)

// ErrOther is returned by a verify for credentials that are not of its scheme, such as the
// token of another issuer. The call passes without a proof, for the layers inside.
var ErrOther = errors.New("auth: the credentials are of another scheme")

// A VerifyOption is an option of a layer that verifies.
type VerifyOption interface{ apply(v *verifier) }

type verifyOption func(v *verifier)

func (o verifyOption) apply(v *verifier) { o(v) }

// Cached keeps up to 10,000 successful verifications, each for d, so that verify is called
// once in that time for the same credentials. Credentials that are revoked stay valid for d
// at most. A caller with a method Expires() time.Time is kept no longer than until then.
// Of the credentials, a digest is kept. By default, nothing is cached. A d that is not
// positive is a construction error.
func Cached(d time.Duration) VerifyOption {
	return verifyOption(func(v *verifier) {
		if d <= 0 {
			v.faults = append(v.faults, fmt.Errorf("auth: option Cached: the time must be positive, got %v", d))
			return
		}
		v.cache = newCache(d)
	})
}

// A reader reads the credentials of a scheme from a request. ok is false if there are none
// of the scheme. With an error they are malformed.
type reader func(ctx context.Context, call *endpoint.Call) (credential string, ok bool, err error)

// A verifier is the layer that verifies a scheme.
type verifier struct {
	scheme endpoint.Scheme
	read   reader
	check  func(ctx context.Context, credential string) (*endpoint.Proof, error)
	cache  *cache // nil: none
	faults []error
}

func newVerifier(s endpoint.Scheme, read reader, check func(context.Context, string) (*endpoint.Proof, error), opts []VerifyOption) *verifier {
	v := &verifier{scheme: s, read: read, check: check}
	if check == nil {
		v.faults = append(v.faults, errors.New("auth: Verify: the scheme or the function is nil"))
	}
	for _, o := range opts {
		if o == nil {
			v.faults = append(v.faults, errors.New("auth: Verify: a nil option"))
			continue
		}
		o.apply(v)
	}
	return v
}

// Err returns the faults of the construction, or nil.
func (v *verifier) Err() error { return errors.Join(v.faults...) }

// Role is the layer's place in a resilience.ServerStack.
func (v *verifier) Role() string { return "auth" }

// Verifies reports whether s is the layer's scheme.
func (v *verifier) Verifies(s endpoint.Scheme) bool { return s == v.scheme }

// Enter proves who calls. It refuses a call whose credentials are wrong.
func (v *verifier) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	call := endpoint.CallFrom(ctx)
	credential, ok, err := v.read(ctx, call)
	switch {
	case err != nil:
		return ctx, endpoint.Token{}, v.refuse(call, err)
	case !ok:
		return ctx, endpoint.Token{}, nil
	}
	proof, err := v.prove(ctx, credential)
	switch {
	case err == nil:
		call.Prove(proof)
	case !errors.Is(err, ErrOther):
		return ctx, endpoint.Token{}, v.judge(call, err, credential)
	}
	return ctx, endpoint.Token{}, nil
}

// Exit returns err.
func (v *verifier) Exit(_ context.Context, _ endpoint.Token, err error) error { return err }

func (v *verifier) prove(ctx context.Context, credential string) (*endpoint.Proof, error) {
	key := digest(credential)
	if v.cache != nil {
		if p := v.cache.get(key); p != nil {
			return p, nil
		}
	}
	p, err := v.check(ctx, credential)
	if err != nil {
		return nil, err
	}
	p.Identity = identity(key)
	if v.cache != nil {
		v.cache.put(key, p)
	}
	return p, nil
}

// judge returns the error of a call whose credentials were not verified.
func (v *verifier) judge(call *endpoint.Call, err error, credential string) error {
	e, coded := errors.AsType[*endpoint.Error](err)
	switch {
	case coded && e.Code() != endpoint.Unauthenticated,
		!coded && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)):
		return v.without(err, credential)
	}
	return v.refuse(call, v.without(err, credential))
}

// refuse returns the error of a call whose credentials are wrong, and adds the challenge.
func (v *verifier) refuse(call *endpoint.Call, err error) error {
	if text := v.scheme.Challenge("invalid_token", nil); text != "" {
		call.Reply().Add("WWW-Authenticate", text)
	}
	if e, ok := errors.AsType[*endpoint.Error](err); ok && !e.Remote() {
		return err
	}
	return endpoint.ErrUnauthenticated.WithCause(err)
}

// without returns err without the credentials, which its text may have quoted, because the
// text goes into logs.
func (v *verifier) without(err error, credential string) error {
	text := err.Error()
	clean := text
	for _, secret := range secrets(credential) {
		clean = strings.ReplaceAll(clean, secret, "[credentials]")
	}
	if clean == text {
		return err
	}
	if _, coded := errors.AsType[*endpoint.Error](err); coded {
		return endpoint.Errorf(endpoint.CodeOf(err), "%w", errors.New(clean))
	}
	return errors.New(clean)
}

// secrets returns the texts by which credentials may be quoted.
func secrets(credential string) []string {
	all := []string{credential}
	if _, password, ok := strings.Cut(credential, ":"); ok {
		all = append(all, password)
	}
	for _, s := range all {
		all = append(all, strings.Trim(fmt.Sprintf("%q", s), `"`), url.QueryEscape(s), url.PathEscape(s))
	}
	for i := len(all) - 1; i >= 0; i-- {
		if all[i] == "" {
			all = append(all[:i], all[i+1:]...)
		}
	}
	return all
}
