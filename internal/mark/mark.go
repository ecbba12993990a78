// Package mark has what the toolkit's own errors carry beside their code, for
// the packages that define them.
package mark

// Refusal marks the error with which a policy or a pool of this process refuses a
// call before it is made. It is added to the code of a Define in the domain
// "endpoint":
//
//	endpoint.Define(endpoint.Unavailable|mark.Refusal, "endpoint", "BREAKER_OPEN", "…")
const Refusal = 1 << 16
