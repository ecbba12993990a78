// Package auth says who calls. A scheme is declared once, beside the services that require
// it, and holds on both ends and on every transport that carries metadata:
//
//	var Users = &auth.Bearer[User]{Name: "users"} // func (u User) Principal() string
//
//	r.DELETE("/rooms/{id}", &s.Delete, httpx.Requires(Users.Scope("rooms:write")))
//
//	httpx.Use(Users.Verify(verify)) // on a server; without it Mount fails
//	user, ok := Users.From(ctx)     // in a handler
//	httpx.Use(Users.Send(tokens))   // on a client; without it Client fails
//
// On a server, Verify refuses credentials that are wrong, and lets calls without any pass.
// Whether a call needs them is decided by the operation: inside the last layer that
// verifies one of its schemes, the toolkit refuses the call unless one of the alternatives
// that the operation requires is proven. So anything may be required of one operation and
// nothing of another, with one stack for all.
//
// Put Verify outside the layers whose places calls take, such as resilience.Shed:
// resilience.ServerStack does so. Inside of them, it works as well, but a call holds its
// place while its body is read.
package auth
