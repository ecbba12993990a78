// Package profilesvc keeps profiles of people, each with addresses: a service of
// nine operations over HTTP. This file is all that makes an API of it, for
// servers and for clients.
package profilesvc

import (
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// snippet: errors

// What callers match with errors.Is, in whatever process they are.
var (
	ErrNotFound        = endpoint.Define(endpoint.NotFound, "profilesvc", "NOT_FOUND", "not found")
	ErrAlreadyExists   = endpoint.Define(endpoint.AlreadyExists, "profilesvc", "ALREADY_EXISTS", "already exists")
	ErrInvalid         = endpoint.Define(endpoint.InvalidArgument, "profilesvc", "INVALID", "invalid profile")
	ErrInconsistentIDs = endpoint.Define(endpoint.InvalidArgument, "profilesvc", "INCONSISTENT_IDS", "inconsistent ids")
)

// end snippet

// snippet: service

// Profiles is the service: on a server its fields are the implementation, on a
// client they are the calls.
type Profiles struct {
	Post          endpoint.Endpoint[Profile, endpoint.Empty]
	Get           endpoint.Endpoint[ByID, GetResponse]
	Put           endpoint.Endpoint[PutRequest, endpoint.Empty]
	Patch         endpoint.Endpoint[PatchRequest, endpoint.Empty]
	Delete        endpoint.Endpoint[ByID, endpoint.Empty]
	GetAddresses  endpoint.Endpoint[ByID, GetAddressesResponse]
	GetAddress    endpoint.Endpoint[ByAddressID, GetAddressResponse]
	PostAddress   endpoint.Endpoint[PostAddressRequest, endpoint.Empty]
	DeleteAddress endpoint.Endpoint[ByAddressID, endpoint.Empty]
}

// HTTP describes the service, once for server and client.
func (s *Profiles) HTTP(r *httpx.Routes) {
	r.POST("/profiles/", &s.Post, httpx.Fails(ErrInvalid, ErrAlreadyExists))
	r.GET("/profiles/{id}", &s.Get, httpx.Fails(ErrNotFound))
	r.PUT("/profiles/{id}", &s.Put, httpx.Fails(ErrInvalid, ErrInconsistentIDs))
	r.PATCH("/profiles/{id}", &s.Patch, httpx.Fails(ErrInvalid, ErrNotFound, ErrInconsistentIDs))
	r.DELETE("/profiles/{id}", &s.Delete, httpx.Fails(ErrNotFound))
	r.GET("/profiles/{id}/addresses/", &s.GetAddresses, httpx.Fails(ErrNotFound))
	r.GET("/profiles/{id}/addresses/{addressID}", &s.GetAddress, httpx.Fails(ErrNotFound))
	r.POST("/profiles/{id}/addresses/", &s.PostAddress, httpx.Fails(ErrInvalid, ErrNotFound, ErrAlreadyExists))
	r.DELETE("/profiles/{id}/addresses/{addressID}", &s.DeleteAddress, httpx.Fails(ErrNotFound))
}

// end snippet

// New returns the service that keeps its profiles in store.
func New(store *Store) *Profiles {
	return &Profiles{
		Post: store.Post, Get: store.Get, Put: store.Put, Patch: store.Patch, Delete: store.Delete,
		GetAddresses: store.GetAddresses, GetAddress: store.GetAddress,
		PostAddress: store.PostAddress, DeleteAddress: store.DeleteAddress,
	}
}
