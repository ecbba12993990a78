// Package record reads and writes instances as registries hold them that keep a text for
// each: a JSON object, or just an address.
package record

import (
	"bytes"
	"encoding/json/v2"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/typedkit/endpoint/discover"
)

// MaxSize is the size of the largest text that is written and read, in bytes.
const MaxSize = 64 << 10

// A value is an instance as JSON.
type value struct {
	Address  string            `json:"address"`
	Weight   float64           `json:"weight,omitzero"`
	Zone     string            `json:"zone,omitzero"`
	Priority int               `json:"priority,omitzero"`
	Metadata map[string]string `json:"metadata,omitzero"`
}

// Encode returns an instance as a JSON object, with its members in a fixed order. An instance
// without an address, one that has no form in JSON and one of more than MaxSize are errors.
func Encode(in discover.Instance) ([]byte, error) {
	if in.Addr == "" {
		return nil, errors.New("the instance has no address")
	}
	text, err := json.Marshal(value{in.Addr, in.Weight, in.Zone, in.Priority, in.Meta}, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("the instance %s has no form in JSON: %w", in.Addr, err)
	}
	if len(text) > MaxSize {
		return nil, fmt.Errorf("the instance %s takes %d bytes, more than %d", in.Addr, len(text), MaxSize)
	}
	return text, nil
}

// Decode returns the instance of a text: a JSON object, of which only the member "address" is
// required and unknown members are ignored, or an address of the form host:port.
func Decode(text []byte) (discover.Instance, error) {
	if len(text) > MaxSize {
		return discover.Instance{}, fmt.Errorf("the value has %d bytes, more than %d", len(text), MaxSize)
	}
	text = bytes.TrimSpace(text)
	if !bytes.HasPrefix(text, []byte("{")) {
		return plain(string(text))
	}
	var v value
	if err := json.Unmarshal(text, &v); err != nil {
		return discover.Instance{}, fmt.Errorf("the value is not an instance: %w", err)
	}
	if v.Address == "" {
		return discover.Instance{}, errors.New("the value has no address")
	}
	return discover.Instance{Addr: v.Address, Weight: v.Weight, Zone: v.Zone, Priority: v.Priority, Meta: v.Metadata}, nil
}

// plain returns the instance of a text that is an address.
func plain(addr string) (discover.Instance, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || host == "" || port == "" || strings.ContainsAny(addr, " /\"") {
		return discover.Instance{}, errors.New("the value is neither a JSON object nor an address host:port")
	}
	return discover.Instance{Addr: addr}, nil
}
