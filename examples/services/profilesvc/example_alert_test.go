package profilesvc_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/examples/services/profilesvc"
)

// An Alerter alerts people.
type Alerter interface {
	Alert(message string)
}

// console alerts those who look at standard output.
type console struct{}

func (console) Alert(message string) { fmt.Println(message) }

// snippet: service

// ProfileService is the service as an interface.
type ProfileService interface {
	PostProfile(ctx context.Context, p profilesvc.Profile) error
	GetProfile(ctx context.Context, id string) (profilesvc.Profile, error)
}

// alertingMiddleware is a middleware of the service: it overrides one of its methods.
type alertingMiddleware struct {
	ProfileService

	alert Alerter
}

// PostProfile alerts when a Michael is posted.
func (mw alertingMiddleware) PostProfile(ctx context.Context, p profilesvc.Profile) error {
	if strings.Contains(p.Name, "Michael") {
		mw.alert.Alert("We've got a new Michael!!")
	}
	return mw.ProfileService.PostProfile(ctx, p)
}

// end snippet

// snippet: typed

// alerting is the same as a middleware of one endpoint: it needs no interface of the service.
func alerting(alert Alerter) endpoint.Middleware[profilesvc.Profile, endpoint.Empty] {
	return func(next endpoint.Endpoint[profilesvc.Profile, endpoint.Empty]) endpoint.Endpoint[profilesvc.Profile, endpoint.Empty] {
		return func(ctx context.Context, p profilesvc.Profile) (endpoint.Empty, error) {
			if strings.Contains(p.Name, "Michael") {
				alert.Alert("We've got a new Michael!!")
			}
			return next(ctx, p)
		}
	}
}

// end snippet

// profiles is the struct of endpoints as an interface, one line for each method.
type profiles struct{ *profilesvc.Profiles }

func (p profiles) PostProfile(ctx context.Context, profile profilesvc.Profile) error {
	_, err := p.Post(ctx, profile)
	return err
}

func (p profiles) GetProfile(ctx context.Context, id string) (profilesvc.Profile, error) {
	resp, err := p.Get(ctx, profilesvc.ByID{ID: id})
	return resp.Profile, err
}

// The middleware of go-kit's slides works on an interface. A middleware of the endpoint does the
// same without one, and what it returns is served over every transport.
func Example_alert() {
	ctx := context.Background()

	var ps ProfileService = profiles{profilesvc.New(new(profilesvc.Store))}
	ps = alertingMiddleware{ps, console{}}
	fmt.Println(ps.PostProfile(ctx, profilesvc.Profile{ID: "1", Name: "Michael"}))

	svc := profilesvc.New(new(profilesvc.Store))
	svc.Post = endpoint.Chain(svc.Post, alerting(console{}))
	_, err := svc.Post(ctx, profilesvc.Profile{ID: "1", Name: "Michael"})
	fmt.Println(err)
	_, err = svc.Post(ctx, profilesvc.Profile{ID: "2", Name: "Ann"})
	fmt.Println(err)
	// Output:
	// We've got a new Michael!!
	// <nil>
	// We've got a new Michael!!
	// <nil>
	// <nil>
}
