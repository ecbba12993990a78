// Package resilience protects services and those who call them: limits,
// breakers, bulkheads, time-outs, retries, hedges, shedding.
//
// Each policy is an [endpoint.Layer], for a whole service or client, and has a
// method Wrap, which is a middleware for one endpoint:
//
//	httpx.Use(retry, breaker, timeout)
//	endpoint.Chain(e, retry.Wrap, breaker.Wrap, timeout.Wrap)
//
// [ClientStack] and [ServerStack] put them into the recommended order, by the role
// of each, with defaults; layers of other packages have roles as well. [Retry.If],
// [Fallback], [Coalesce] and [Policies] look at requests and responses and are
// middleware alone.
//
// Constructors return the policy alone. It keeps what is wrong with their
// arguments, including nil options: Mount, Client and Register report the faults of
// all policies, and the method Err returns them earlier. A policy that was not made
// by its constructor has such a fault as well.
package resilience
