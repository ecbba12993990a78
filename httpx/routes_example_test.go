package httpx_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// Branches has two fields of one type, one of which gets a name.
type Branches struct {
	Main, Airport Shop
}

func (b *Branches) HTTP(r *httpx.Routes) {
	b.Main.HTTP(r.Under("/main"))
	b.Airport.HTTP(r.Under("/airport", httpx.Named("AirportShop")))
}

func ExampleRoutes_Under() {
	mux := http.NewServeMux()
	if err := httpx.Mount(mux, &Branches{Main: *newShop(), Airport: *newShop()}); err != nil {
		fmt.Println(err)
		return
	}
	show(mux, "GET", "/airport/items/7", "")
	// Output: 200 {"id":"7","name":"lamp"}
}

func ExampleNamed() {
	service := func(ctx context.Context) (context.Context, func(error) error, error) {
		fmt.Println(endpoint.CallFrom(ctx).Operation().Service)
		return ctx, nil, nil
	}
	mux := http.NewServeMux()
	svc := &Branches{Main: *newShop(), Airport: *newShop()}
	if err := httpx.Mount(mux, svc, httpx.Use(endpoint.LayerFunc(service))); err != nil {
		fmt.Println(err)
		return
	}
	show(mux, "GET", "/main/items?limit=0", "")
	show(mux, "GET", "/airport/items?limit=0", "")
	// Output:
	// Shop
	// 200 {"items":[]}
	// AirportShop
	// 200 {"items":[]}
}

// Inside has an operation that is not for callers over HTTP.
type Inside struct {
	Get     endpoint.Endpoint[FindItem, Item]
	Rebuild endpoint.Endpoint[endpoint.Empty, endpoint.Empty]
}

func (s *Inside) HTTP(r *httpx.Routes) {
	r.GET("/items/{id}", &s.Get)
	r.Omit(&s.Rebuild)
}

func ExampleRoutes_Omit() {
	mux := http.NewServeMux()
	if err := httpx.Mount(mux, &Inside{Get: newShop().Get}); err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(mux)
	defer server.Close()
	var c Inside
	if err := httpx.Client(httpx.To(server.URL), &c); err != nil {
		fmt.Println(err)
		return
	}
	_, err := c.Rebuild(context.Background(), endpoint.Empty{})
	fmt.Println(endpoint.CodeOf(err), err)
	// Output: UNIMPLEMENTED Rebuild is not served over HTTP
}

// Transfer has something of the request in each place.
type Transfer struct {
	Account string `path:"account"`
	DryRun  bool   `query:"dry-run"`
	Key     string `header:"Idempotency-Key" required:"true"`
	Amount  int    `json:"amount" required:"true"`
	Note    string `json:"note" default:"none"`
}

// Ledger moves money.
type Ledger struct {
	Transfer endpoint.Endpoint[Transfer, Transferred]
}

// Transferred has something of the response in each place.
type Transferred struct {
	Status  int    `status:"true"`
	Link    string `header:"Link"`
	Balance int    `json:"balance"`
}

func (l *Ledger) HTTP(r *httpx.Routes) { r.POST("/accounts/{account}/transfers", &l.Transfer) }

// Tags say where the parts of a request and of a response are. All that is
// wrong with a request is in one answer.
func ExampleRoutes() {
	mux := http.NewServeMux()
	transfer := func(_ context.Context, t Transfer) (Transferred, error) {
		fmt.Printf("%+v\n", t)
		return Transferred{http.StatusAccepted, "</accounts/" + t.Account + ">", 30}, nil
	}
	if err := httpx.Mount(mux, &Ledger{Transfer: transfer}); err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(mux)
	defer server.Close()
	var c Ledger
	if err := httpx.Client(httpx.To(server.URL), &c); err != nil {
		fmt.Println(err)
		return
	}
	got, err := c.Transfer(context.Background(), Transfer{Account: "a/7", DryRun: true, Key: "k", Amount: 20})
	fmt.Printf("%+v %v\n", got, err)
	show(mux, "POST", "/accounts/7/transfers?dry-run=perhaps", `{"amount":"20"}`)
	// Output:
	// {Account:a/7 DryRun:true Key:k Amount:20 Note:none}
	// {Status:202 Link:</accounts/a/7> Balance:30} <nil>
	// 400 {"type":"about:blank","title":"Bad Request","status":400,"detail":"invalid request","code":"INVALID_ARGUMENT","domain":"endpoint","reason":"INVALID_REQUEST","errors":[{"parameter":"query:dry-run","detail":"must be true or false"},{"parameter":"header:Idempotency-Key","detail":"missing"},{"pointer":"/amount","detail":"must be a number"}]}
}
