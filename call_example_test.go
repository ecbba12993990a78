package endpoint_test

import (
	"context"
	"fmt"

	"github.com/typedkit/endpoint"
)

// A layer learns from the Call what it is around. A transport starts the Call;
// without one, the answers are empty.
func ExampleCallFrom() {
	logger := endpoint.LayerFunc(func(ctx context.Context) (context.Context, func(error) error, error) {
		call := endpoint.CallFrom(ctx)
		return ctx, func(err error) error {
			fmt.Printf("%s.%s for %q: %v\n", call.Operation().Service, call.Operation().Name, call.Principal(), endpoint.CodeOf(err))
			return err
		}, nil
	})
	get := logger.Wrap(func(ctx context.Context, id int) (string, error) {
		endpoint.CallFrom(ctx).SetPrincipal("ada")
		return "", errNoProfile
	})

	op := &endpoint.Operation{Service: "Profiles", Name: "Get", Side: endpoint.ServerSide}
	ctx, _, err := endpoint.StartCall(context.Background(), op, endpoint.Header{}, endpoint.Header{})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, _ = get(ctx, 7)
	_, _ = get(context.Background(), 7)
	// Output:
	// Profiles.Get for "ada": NOT_FOUND
	// . for "": NOT_FOUND
}

// The next client calls under the context send the header.
func ExampleWithHeader() {
	// This is what a client of a transport does.
	send := func(ctx context.Context) {
		ctx, _, err := endpoint.StartCall(ctx, &endpoint.Operation{Side: endpoint.ClientSide}, endpoint.Header{}, endpoint.Header{})
		fmt.Println(endpoint.CallFrom(ctx).Header().Raw(), err)
	}

	ctx := endpoint.WithHeader(context.Background(), "Accept-Language", "de")
	send(ctx)
	send(endpoint.WithHeader(ctx, "accept-language", "fr"))
	send(endpoint.WithHeader(ctx, "Host", "other.example"))
	// Output:
	// map[Accept-Language:[de]] <nil>
	// map[Accept-Language:[fr]] <nil>
	// map[] endpoint: header "Host" belongs to the transport
}
