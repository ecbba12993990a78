// Package mark has the marks of the toolkit's own errors, for the packages that
// define them.
package mark

// Refusal marks an error by which a policy or a pool of this process refuses a call
// before it is made. It is added to the code in a call of Define, in the domain
// "endpoint":
//
//	endpoint.Define(endpoint.Unavailable|mark.Refusal, "endpoint", "BREAKER_OPEN", "…")
const Refusal = 1 << 16
