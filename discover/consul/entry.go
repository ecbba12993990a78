package consul

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/consul/api"
	"github.com/typedkit/endpoint/discover"
)

// read returns the set of a response. It emits an event for each service that cannot be read
// as a whole, unless the service was the same in the last response.
func (v *view) read(entries []*api.ServiceEntry) []discover.Instance {
	slices.SortStableFunc(entries, newestFirst)
	set := make([]discover.Instance, 0, len(entries))
	told := map[string]string{}
	for _, e := range entries {
		if e == nil || e.Service == nil || e.Node == nil || !v.registry.serves(e) {
			continue
		}
		in, usable, err := instanceOf(e)
		if usable {
			set = append(set, in)
		}
		if err == nil {
			continue
		}
		id := bounded(e.Service.ID)
		told[id] = err.Error()
		if v.told[id] != told[id] {
			v.registry.emit("malformed", id, err)
		}
	}
	v.told = told
	return discover.Sorted(set)
}

// newestFirst orders services so that discover.Sorted keeps the newest one of an address.
func newestFirst(a, b *api.ServiceEntry) int {
	return cmp.Compare(modified(b), modified(a))
}

func modified(e *api.ServiceEntry) uint64 {
	if e == nil || e.Service == nil {
		return 0
	}
	return e.Service.ModifyIndex
}

// serves reports whether an entry is healthy enough. Consul has left out all that do not pass,
// unless those with a warning count.
func (r *Registry) serves(e *api.ServiceEntry) bool {
	if !r.config.warning {
		return true
	}
	switch e.Checks.AggregatedStatus() {
	case api.HealthPassing:
		return true
	case api.HealthWarning:
		return e.Service.Weights.Warning > 0 // DNS of Consul leaves it out, too
	}
	return false
}

// instanceOf returns the instance of an entry. It is not usable without an address. The error
// is what cannot be read.
func instanceOf(e *api.ServiceEntry) (in discover.Instance, usable bool, err error) {
	if in.Addr, err = addrOf(e); err != nil {
		return in, false, err
	}
	var faults []error
	for key, value := range e.Service.Meta {
		switch key {
		case weightKey:
			in.Weight, err = strconv.ParseFloat(value, 64)
			if err != nil || !isWeight(in.Weight) {
				in.Weight = 0
				faults = append(faults, fmt.Errorf("consul: the weight %q is not a positive number", bounded(value)))
			}
		case priorityKey:
			if in.Priority, err = strconv.Atoi(value); err != nil {
				in.Priority = 0
				faults = append(faults, fmt.Errorf("consul: the priority %q is not a number", bounded(value)))
			}
		case zoneKey:
			in.Zone = value
		default:
			if in.Meta == nil {
				in.Meta = make(map[string]string, len(e.Service.Meta))
			}
			in.Meta[unescape(key)] = value
		}
	}
	if in.Weight == 0 {
		in.Weight = weightOf(e)
	}
	return in, true, errors.Join(faults...)
}

// addrOf returns the address of the service, or else the one of its node.
func addrOf(e *api.ServiceEntry) (string, error) {
	host := strings.Trim(cmp.Or(e.Service.Address, e.Node.Address), "[]")
	if host == "" || e.Service.Port < 1 || e.Service.Port > 65535 {
		return "", fmt.Errorf("consul: the address %q with the port %d is not complete", bounded(host), e.Service.Port)
	}
	return net.JoinHostPort(host, strconv.Itoa(e.Service.Port)), nil
}

// weightOf returns Consul's weight for the state of the service, 0 for the usual one, which
// is 1.
func weightOf(e *api.ServiceEntry) float64 {
	weight := e.Service.Weights.Passing
	if e.Checks.AggregatedStatus() == api.HealthWarning {
		weight = e.Service.Weights.Warning
	}
	if weight <= 1 {
		return 0
	}
	return float64(weight)
}
