// Package jwtx verifies JSON Web Tokens (RFC 7519) for a scheme of [auth.Bearer]:
//
//	issuer, err := jwtx.New("https://login.example.com", "rooms")
//
//	httpx.Use(api.Users.Verify(issuer.Verify(userOf))) // on a server
//
//	// userOf returns whose a token is. Claims is a struct of the program's own.
//	func userOf(ctx context.Context, c Claims) (User, []string, error)
//
// An [Issuer] accepts a token only if it is signed by a key of the issuer, with an algorithm
// that fits the key, and if it is meant for this service and has not expired. It fetches the
// keys when calls need them, and keeps them while the issuer does not answer.
//
// [auth.Bearer]: https://pkg.go.dev/github.com/typedkit/endpoint/auth#Bearer
package jwtx
