// Package oauth2x gets the tokens that a client sends by OAuth 2.0's client credentials
// (RFC 6749 §4.4), with golang.org/x/oauth2:
//
//	tokens, err := oauth2x.ClientCredentials(&clientcredentials.Config{…})
//
//	httpx.Use(api.Users.Send(tokens)) // on a client
//
// The Tokens are those of package auth: all callers share one token, the next one is
// fetched before it expires, and one that a server refuses is replaced once.
package oauth2x
