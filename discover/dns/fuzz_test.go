package dns_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"

	mdns "github.com/miekg/dns"
	"github.com/typedkit/endpoint/discover/dns"
)

// FuzzAnswer has a name server that answers anything: a source yields a set or
// an error.
func FuzzAnswer(f *testing.F) {
	for _, records := range [][]string{
		nil,
		{name + " 60 SRV 1 10 8080 a.internal."},
		{name + " 0 SRV 1 0 8080 ."},
		{name + " 60 CNAME x.internal."},
	} {
		answer := new(mdns.Msg).SetQuestion(name, mdns.TypeSRV)
		answer.Response = true
		answer.Answer = parse(records)
		answer.Extra = parse([]string{"a.internal. 60 A 10.0.0.1"})
		packed, err := answer.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packed)
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		if len(answer) > 1<<16-1 {
			t.Skip()
		}
		source := dns.SRV(name, dns.Servers("192.0.2.1:53"), dns.Timeout(200*time.Millisecond), dns.Dial(answering(answer)))
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

// answering returns a dial func for a server that gives this answer to each
// question, with its ID.
func answering(answer []byte) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		go func() {
			defer func() { _ = far.Close() }()
			var length [2]byte
			if _, err := io.ReadFull(far, length[:]); err != nil {
				return
			}
			question := make([]byte, binary.BigEndian.Uint16(length[:]))
			if _, err := io.ReadFull(far, question); err != nil {
				return
			}
			reply := append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...) //nolint:gosec // bounded above
			copy(reply[2:], question[:2])
			_, _ = far.Write(reply)
		}()
		return near, nil
	}
}
