package endpoint_test

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/typedkit/endpoint"
)

// In a package of one's own this is a variable of the package, beside the
// service that returns it.
var errNoProfile = endpoint.Define(endpoint.NotFound, "profiles.example", "NO_PROFILE", "no such profile")

// An error that was declared is matched by errors.Is, whatever was added to it
// on its way, and also in another process.
func ExampleDefine() {
	err := fmt.Errorf("get: %w", errNoProfile.With("no profile has the id %d", 7))
	fmt.Println(err)
	fmt.Println(errors.Is(err, errNoProfile))
	fmt.Println(endpoint.CodeOf(err), endpoint.CodeOf(err).HTTPStatus())
	// Output:
	// get: no profile has the id 7
	// true
	// NOT_FOUND 404
}

// The caller gets the message. The cause is for errors.Is and for logs.
func ExampleErrorf() {
	cause := &fs.PathError{Op: "open", Path: "/var/lib/profiles/7", Err: fs.ErrPermission}
	err := endpoint.Errorf(endpoint.Unavailable, "load profile %d: %w", 7, cause)
	fmt.Println("caller:", err.Message())
	fmt.Println("log:   ", err)
	fmt.Println(errors.Is(err, fs.ErrPermission))
	// Output:
	// caller: load profile 7
	// log:    load profile 7: open /var/lib/profiles/7: permission denied
	// true
}

// With %v in place of %w the cause becomes a part of the message: the caller
// reads where the server keeps its files.
func ExampleErrorf_incorrect() {
	cause := &fs.PathError{Op: "open", Path: "/var/lib/profiles/7", Err: fs.ErrPermission}
	err := endpoint.Errorf(endpoint.Unavailable, "load profile %d: %v", 7, cause)
	fmt.Println("caller:", err.Message())
	fmt.Println(errors.Is(err, fs.ErrPermission))
	// Output:
	// caller: load profile 7: open /var/lib/profiles/7: permission denied
	// false
}

func ExampleErrorOf() {
	for _, err := range []error{
		fmt.Errorf("get: %w", errNoProfile),
		errors.New("dial tcp 10.0.0.7:5432: connection refused"),
	} {
		e := endpoint.ErrorOf(err)
		fmt.Println(e.Code(), e.Message())
	}
	// Output:
	// NOT_FOUND no such profile
	// INTERNAL internal error
}
