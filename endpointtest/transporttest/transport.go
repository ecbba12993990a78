package transporttest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// A Transport is the subject of the table.
type Transport struct {
	// Name is the name of the subtest around those of the cases.
	Name string
	// Serve starts a server of z with the options in e, and returns connect.
	// Connect sets the endpoints of another Zoo to calls of that server, with
	// the options in another End. Each case calls Serve for a server of its own,
	// or for several, and connect once for each server.
	Serve func(z *Zoo, e End) (connect func(z *Zoo, e End) error, err error)
	// Limits are the cases that the transport cannot pass, each with the reason.
	// They are skipped. ServerStreams, ClientStreams and BidiStreams stand for
	// the whole kind: no other case calls such an endpoint either, and connect
	// need not set it.
	Limits map[Case]string
	// Live is for a transport that waits for sockets or for other processes,
	// which stops the clock of a testing/synctest bubble. Its cases run outside
	// of bubbles, one after the other, and take some seconds in all. The default
	// is false: each case runs in a bubble, in parallel with the others.
	Live bool
}

// Run runs all cases, each as a subtest. It fails at once if a field of tr is not
// valid.
func Run(t *testing.T, tr Transport) {
	t.Helper()
	if err := tr.fault(); err != nil {
		t.Fatal(err)
	}
	t.Run(tr.Name, func(t *testing.T) {
		for _, r := range rows() {
			t.Run(string(r.name), func(t *testing.T) {
				if reason, ok := tr.Limits[r.name]; ok {
					t.Skip(reason)
				}
				if tr.Live {
					newKit(t, &tr).run(r.test)
					return
				}
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { newKit(t, &tr).run(r.test) })
			})
		}
	})
}

// fault returns the faults of the fields of tr, or nil.
func (tr *Transport) fault() error {
	if tr.Name == "" || tr.Serve == nil {
		return fmt.Errorf("transporttest: Transport %q: Name and Serve must be set", tr.Name)
	}
	var faults []string
	for c, reason := range tr.Limits {
		switch {
		case !slices.ContainsFunc(rows(), func(r row) bool { return r.name == c }):
			faults = append(faults, fmt.Sprintf("%q is not a Case", string(c)))
		case strings.TrimSpace(reason) == "":
			faults = append(faults, fmt.Sprintf("%q has no reason", string(c)))
		}
	}
	if faults == nil {
		return nil
	}
	slices.Sort(faults)
	return fmt.Errorf("transporttest: Transport %q: Limits: %s", tr.Name, strings.Join(faults, "; "))
}

// limited reports whether c is a limit of the transport.
func (tr *Transport) limited(c Case) bool {
	_, ok := tr.Limits[c]
	return ok
}
