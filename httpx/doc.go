// Package httpx binds services to HTTP: servers with [Mount], clients with
// [Client], from one description that both share.
//
// A service is a pointer to a struct of endpoints with one method:
//
//	func (s *Strings) HTTP(r *httpx.Routes) {
//		r.POST("/upper", &s.Upper, httpx.Fails(ErrEmpty))
//	}
//
// Mount reads the fields and registers them on a router, which may be a chi
// router or an http.ServeMux. Client writes the fields: they become the calls.
//
// # Binding
//
// Fields of a request are tagged path:"name", query:"name", header:"Name" or
// cookie:"name"; all others are members of the JSON body. A field tagged body
// is the whole body. Fields of a response are tagged header, cookie, status or
// body. A parameter is invisible in the body. default:"value" applies when the
// parameter or member is absent; required:"true" asks that it is there. All
// faults of a request come in one answer.
//
// A cookie that a response sets by a plain value is HttpOnly and SameSite=Lax, and
// Secure over TLS; a field of type http.Cookie or *http.Cookie has it all. A nil
// pointer as a message is an error, on both sides.
//
// # Errors
//
// Errors are application/problem+json (RFC 9457) with the code, the domain and
// the reason of the endpoint.Error, and come back as the same error in the
// client's process: errors.Is holds there.
package httpx
