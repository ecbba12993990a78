// Package gokithttp has the functions of go-kit's package transport/http as layers of httpx,
// and its clients as typed endpoints. See package gokit.
//
// A layer has the name of the option that it stands for, so that
//
//	kithttp.NewServer(e, dec, enc, kithttp.ServerBefore(f), kithttp.ServerFinalizer(g))
//
// becomes
//
//	httpx.Mount(r, svc, httpx.Use(gokithttp.ServerFinalizer(g), gokithttp.ServerBefore(f)))
//
// The functions get a request, a writer or a response that is made from the Call: it has the
// metadata, the method, the peer and the status, and no body. The URL is the pattern of
// the route on a client, and on a server without [WithRequest].
package gokithttp
