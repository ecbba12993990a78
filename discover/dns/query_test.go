package dns_test

import (
	"testing"
	"testing/synctest"

	mdns "github.com/miekg/dns"
	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover/dns"
	"github.com/typedkit/endpoint/endpointtest"
)

// TestAnswersToOtherQuestions are not believed.
func TestAnswersToOtherQuestions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		question func(q []mdns.Question) []mdns.Question
		isAnswer bool
	}{
		{"the same", func(q []mdns.Question) []mdns.Question { return q }, true},
		{"in capitals", func(q []mdns.Question) []mdns.Question { q[0].Name = "USERS.INTERNAL."; return q }, true},
		{"none", func([]mdns.Question) []mdns.Question { return nil }, false},
		{"two", func(q []mdns.Question) []mdns.Question { return append(q, q...) }, false},
		{"another name", func(q []mdns.Question) []mdns.Question { q[0].Name = "others.internal."; return q }, false},
		{"another kind", func(q []mdns.Question) []mdns.Question { q[0].Qtype = mdns.TypeAAAA; return q }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := endpointtest.NewListener()
				serve(t, &mdns.Server{Listener: l, Handler: mdns.HandlerFunc(func(w mdns.ResponseWriter, m *mdns.Msg) {
					answer := new(mdns.Msg).SetReply(m)
					answer.Answer = parse([]string{host + " 60 A 10.0.0.1"})
					answer.Question = tt.question(answer.Question)
					_ = w.WriteMsg(answer)
				})})
				source := dns.Hosts(host, 80, dns.IPv4Only(), dns.Servers("192.0.2.1:53"), dns.Dial(l.Dial))
				for set, err := range source.Watch(t.Context()) {
					if tt.isAnswer {
						require.Equal(t, "10.0.0.1:80", text(set, err))
					} else {
						require.ErrorContains(t, err, "the answer is one to another question")
					}
					break
				}
			})
		})
	}
}
