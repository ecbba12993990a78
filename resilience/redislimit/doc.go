// Package redislimit keeps the limit of a [resilience.Quota] in Redis, where several
// processes share it:
//
//	quota := resilience.NewQuota(redislimit.New(client, "prices", 100, 20))
//
// A [Throttle] uses the program's own client, so addresses, TLS and credentials are set
// there. It works with Redis 6 and newer, alone, behind Sentinel and as a cluster.
//
// [resilience.Quota]: https://pkg.go.dev/github.com/typedkit/endpoint/resilience#Quota
package redislimit
