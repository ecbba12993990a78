package profilesvc

import "github.com/typedkit/endpoint/codec"

// A Profile is a person. Clients may send the names of members in any case, because the
// clients of go-kit's service send "Name".
type Profile struct {
	ID        string    `json:"id,case:ignore" maxLength:"100" doc:"chosen by the client; the paths of the profile have it" example:"1234"`
	Name      string    `json:"name,omitempty,case:ignore" maxLength:"200" example:"Ann"`
	Addresses []Address `json:"addresses,omitempty,case:ignore" maxItems:"100"`
}

// An Address is a place of a person. Its ID is unique within the profile.
type Address struct {
	ID       string `json:"id,case:ignore" maxLength:"100" example:"home"`
	Location string `json:"location,omitempty,case:ignore" maxLength:"500" example:"1 Main Street"`
}

// snippet: patch

// A Patch says what to change in a profile: what is absent stays, what is null
// is cleared, what has a value is replaced.
type Patch struct {
	ID        codec.Optional[string]    `json:"id,omitzero,case:ignore"` // no other than the profile's
	Name      codec.Optional[string]    `json:"name,omitzero,case:ignore" maxLength:"200"`
	Addresses codec.Optional[[]Address] `json:"addresses,omitzero,case:ignore" maxItems:"100"`
}

// PatchRequest changes a profile.
type PatchRequest struct {
	ID    string `path:"id"`
	Patch Patch  `body:"true"`
}

// end snippet

// ByID asks for something of one profile.
type ByID struct {
	ID string `path:"id"`
}

// ByAddressID asks for something of one address.
type ByAddressID struct {
	ID        string `path:"id"`
	AddressID string `path:"addressID"`
}

// PutRequest creates or replaces a profile. The ID in Profile may be left out;
// it is that of the path.
type PutRequest struct {
	ID      string  `path:"id"`
	Profile Profile `body:"true"`
}

// PostAddressRequest adds an address to a profile.
type PostAddressRequest struct {
	ID      string  `path:"id"`
	Address Address `body:"true"`
}

// GetResponse holds a profile.
type GetResponse struct {
	Profile Profile `json:"profile"`
}

// GetAddressesResponse holds the addresses of a profile.
type GetAddressesResponse struct {
	Addresses []Address `json:"addresses,omitempty"`
}

// GetAddressResponse holds an address.
type GetAddressResponse struct {
	Address Address `json:"address"`
}
