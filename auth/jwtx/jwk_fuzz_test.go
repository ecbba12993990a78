package jwtx

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"testing"
)

// FuzzKeys reads JWK Sets. Each key that it finds is of a kind that is verified here, and
// within the bounds.
func FuzzKeys(f *testing.F) {
	for _, text := range []string{
		`{"keys":[]}`, `{}`, `null`, `{"keys":[{}]}`, `{"keys":[1]}`, `{"keys":{}}`,
		`{"keys":[{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"enc","kid":"1"},` +
			`{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}`,
		`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`,
		`{"keys":[{"kty":"RSA","alg":"RS256","kid":"2011-04-29","e":"AQAB","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}]}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := parseKeys(data)
		if err != nil {
			return
		}
		if len(set.keys) == 0 || len(set.keys) > maxKeys {
			t.Errorf("%d keys", len(set.keys))
		}
		for _, k := range set.keys {
			fits := 0
			for _, alg := range algorithms() {
				if k.fits(alg) {
					fits++
				}
			}
			if fits == 0 || k.fits("none") || k.fits("HS256") || k.fits("") {
				t.Errorf("%+v fits %d algorithms", k, fits)
			}
			switch public := k.public.(type) {
			case *rsa.PublicKey:
				if public.N.BitLen() < minRSA || public.N.BitLen() > maxRSA || public.E < 3 {
					t.Errorf("a modulus of %d bits, an exponent of %d", public.N.BitLen(), public.E)
				}
			case *ecdsa.PublicKey:
				if _, err := public.Bytes(); err != nil {
					t.Error(err)
				}
			case ed25519.PublicKey:
				if len(public) != ed25519.PublicKeySize {
					t.Errorf("%d bytes", len(public))
				}
			default:
				t.Errorf("a key of the type %T", public)
			}
		}
	})
}
