package main

import (
	"context"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/typedkit/endpoint/bench/transports/sumthrift"
	"github.com/typedkit/endpoint/thriftx"
)

// thriftSums is the service as Thrift's generated code wants it.
type thriftSums struct{}

// Sum adds.
func (thriftSums) Sum(_ context.Context, a, b int64) (int64, error) { return a + b, nil }

// openThrift starts the servers of Thrift: the binary protocol in frames.
func openThrift(f *fleet) (*link, error) {
	conf := &thrift.TConfiguration{}
	socket, err := thrift.NewTServerSocket("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	if err := socket.Listen(); err != nil {
		return nil, err
	}
	raw := thrift.NewTSimpleServer4(sumthrift.NewSumsProcessor(thriftSums{}), socket,
		thrift.NewTFramedTransportFactoryConf(thrift.NewTTransportFactory(), conf), thrift.NewTBinaryProtocolFactoryConf(conf))
	go func() { _ = raw.Serve() }()
	f.atEnd(raw.Stop)

	kit := thriftx.NewServer(thriftx.Speak(thriftx.Binary), thriftx.Framed())
	if err := thriftx.Register(kit, newSums()); err != nil {
		return nil, err
	}
	l, err := listen()
	if err != nil {
		return nil, err
	}
	go func() { _ = kit.Serve(l) }()
	f.atEnd(kit.Close)
	addrs := map[string]string{kindRaw: socket.Addr().String(), kindOurs: l.Addr().String()}
	return &link{func(client, server string, n int) ([]sum, error) {
		if client == kindOurs {
			c, conn := new(Sums), thriftx.To(addrs[server], thriftx.Speak(thriftx.Binary), thriftx.Framed())
			f.atEnd(conn.Close)
			return ours(c, n), thriftx.Client(conn, c)
		}
		all := make([]sum, n)
		for i := range all {
			t := thrift.NewTFramedTransportConf(thrift.NewTSocketConf(addrs[server], conf), conf)
			if err := t.Open(); err != nil {
				return nil, err
			}
			f.atEnd(t.Close)
			p := thrift.NewTBinaryProtocolConf(t, conf)
			all[i] = sumthrift.NewSumsClient(thrift.NewTStandardClient(p, p)).Sum
		}
		return all, nil
	}}, nil
}
