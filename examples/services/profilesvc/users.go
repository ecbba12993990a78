package profilesvc

import "github.com/typedkit/endpoint/auth"

// snippet: users

// User is who calls a server that runs with -auth.
type User struct{ ID string }

// Principal returns the name for logs and limits.
func (u User) Principal() string { return u.ID }

// Users is the scheme of their tokens, for servers and for clients.
var Users = &auth.Bearer[User]{Name: "users", Format: "JWT"}

// MayCall is what such a server requires.
var MayCall = Users.Scope("profiles")

// end snippet
