package etcd

import (
	"bytes"
	"encoding/json/v2"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/typedkit/endpoint/discover"
)

// maxValue is the largest value that is written and read, in bytes.
const maxValue = 64 << 10

// A value is an instance as etcd holds it.
type value struct {
	Address  string            `json:"address"`
	Weight   float64           `json:"weight,omitzero"`
	Zone     string            `json:"zone,omitzero"`
	Priority int               `json:"priority,omitzero"`
	Metadata map[string]string `json:"metadata,omitzero"`
}

// encode returns the value of an instance.
func encode(in discover.Instance) ([]byte, error) {
	if in.Addr == "" {
		return nil, errors.New("etcd: Register: the instance has no address")
	}
	text, err := json.Marshal(value{in.Addr, in.Weight, in.Zone, in.Priority, in.Meta}, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("etcd: Register: the instance %s has no form in JSON: %w", in.Addr, err)
	}
	if len(text) > maxValue {
		return nil, fmt.Errorf("etcd: Register: the instance %s takes %d bytes, more than %d", in.Addr, len(text), maxValue)
	}
	return text, nil
}

// decode returns the instance of a value: a JSON object, or just an address.
func decode(text []byte) (discover.Instance, error) {
	if len(text) > maxValue {
		return discover.Instance{}, fmt.Errorf("etcd: the value has %d bytes, more than %d", len(text), maxValue)
	}
	text = bytes.TrimSpace(text)
	if !bytes.HasPrefix(text, []byte("{")) {
		return plain(string(text))
	}
	var v value
	if err := json.Unmarshal(text, &v); err != nil {
		return discover.Instance{}, fmt.Errorf("etcd: the value is not an instance: %w", err)
	}
	if v.Address == "" {
		return discover.Instance{}, errors.New("etcd: the value has no address")
	}
	return discover.Instance{Addr: v.Address, Weight: v.Weight, Zone: v.Zone, Priority: v.Priority, Meta: v.Metadata}, nil
}

// plain returns the instance of a value that is an address.
func plain(addr string) (discover.Instance, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || host == "" || port == "" || strings.ContainsAny(addr, " /\"") {
		return discover.Instance{}, errors.New("etcd: the value is neither a JSON object nor an address host:port")
	}
	return discover.Instance{Addr: addr}, nil
}
