package stringsvc_test

import (
	"context"
	"fmt"

	"github.com/typedkit/endpoint/examples/services/stringsvc"
)

func ExampleNew() {
	s := stringsvc.New()
	up, err := s.Uppercase(context.Background(), stringsvc.Text{S: "hello, world"})
	fmt.Println(up.V, err)
	// Output: HELLO, WORLD <nil>
}
