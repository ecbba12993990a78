// Package mark has what the toolkit's own errors carry beside their code, for
// the packages that define them.
package mark

// Refusal, added to the code of a Define in the domain "endpoint", marks the error
// with which a policy or a pool of this process refuses a call before it is made:
//
//	endpoint.Define(endpoint.Unavailable|mark.Refusal, "endpoint", "BREAKER_OPEN", "…")
const Refusal = 1 << 16
