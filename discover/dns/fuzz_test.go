package dns_test

import (
	"context"
	"encoding/binary"
	"net"
	"testing"
	"time"

	mdns "github.com/miekg/dns"
	"github.com/typedkit/endpoint/discover/dns"
)

// FuzzAnswer has a name server that answers anything, about a service and about
// its targets: a source yields a set or an error.
func FuzzAnswer(f *testing.F) {
	for _, records := range [][]string{
		nil,
		{name + " 60 SRV 1 10 8080 a.internal."},
		{name + " 60 SRV 1 10 8080 a.internal.", name + " 60 SRV 1 0 8081 a.internal."},
		{name + " 0 SRV 1 0 8080 ."},
		{name + " 60 CNAME x.internal."},
	} {
		service := packed(f, name, mdns.TypeSRV, records)
		f.Add(service, packed(f, "a.internal.", mdns.TypeA, []string{"a.internal. 60 A 10.0.0.1"}))
		f.Add(service, packed(f, "a.internal.", mdns.TypeA, nil))
	}
	f.Fuzz(func(t *testing.T, service, target []byte) {
		if max(len(service), len(target)) > 1<<16-1 {
			t.Skip()
		}
		source := dns.SRV(name, dns.Servers("192.0.2.1:53"), dns.IPv4Only(),
			dns.Timeout(200*time.Millisecond), dns.Dial(answering(service, target)))
		for set, err := range source.Watch(t.Context()) {
			if err != nil && set != nil {
				t.Errorf("a set beside the error %v", err)
			}
			for _, in := range set {
				if _, _, err := net.SplitHostPort(in.Addr); err != nil || in.Weight <= 0 {
					t.Errorf("instance %+v", in)
				}
			}
			break
		}
	})
}

func packed(f *testing.F, name string, kind uint16, records []string) []byte {
	f.Helper()
	answer := new(mdns.Msg).SetQuestion(name, kind)
	answer.Response = true
	answer.Answer = parse(records)
	data, err := answer.Pack()
	if err != nil {
		f.Fatal(err)
	}
	return data
}

// answering returns a dial func for a server that gives one answer to each question
// about a service and another to any other, with the ID of the question.
func answering(service, target []byte) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		go func() {
			defer func() { _ = far.Close() }()
			asked, err := (&mdns.Conn{Conn: far}).ReadMsg()
			if err != nil {
				return
			}
			answer := target
			if asked.Question[0].Qtype == mdns.TypeSRV {
				answer = service
			}
			reply := append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...) //nolint:gosec // bounded above
			if len(answer) >= 2 {
				binary.BigEndian.PutUint16(reply[2:], asked.Id)
			}
			_, _ = far.Write(reply)
		}()
		return near, nil
	}
}
