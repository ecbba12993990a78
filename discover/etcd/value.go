package etcd

import (
	"fmt"

	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/internal/record"
)

// encode returns the value of an instance.
func encode(in discover.Instance) ([]byte, error) {
	text, err := record.Encode(in)
	if err != nil {
		return nil, fmt.Errorf("etcd: Register: %w", err)
	}
	return text, nil
}

// decode returns the instance of a value: a JSON object, or just an address.
func decode(text []byte) (discover.Instance, error) {
	in, err := record.Decode(text)
	if err != nil {
		return discover.Instance{}, fmt.Errorf("etcd: %w", err)
	}
	return in, nil
}
