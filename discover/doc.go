// Package discover finds the instances of a service and spreads calls over
// them.
//
// A [Pool] is the target of a client: it holds a connection to each instance
// that a [Source] names, and gives each attempt of a call one of them. The same
// pool serves all routes of a service: there is one watch, and one connection
// to each instance.
//
//	pool := discover.New(httpx.Dialer())
//	go pool.Run(ctx, discover.Static("10.0.0.1:80", "10.0.0.2:80"))
//	err := httpx.Client(pool, &svc, httpx.Use(retry, timeout))
//
// The target is innermost in a client, so each attempt of a retry or a hedge picks
// anew. It goes to an instance that the call has not tried yet, while there is one.
package discover
