// Package consul finds and registers the instances of services in Consul.
//
//	client, err := api.NewClient(api.DefaultConfig())
//	rooms := consul.New(client, "rooms")
//	go pool.Run(ctx, rooms)                                // a client of the service
//	s.Add(server.HTTP(":8081", h, server.Register(rooms))) // a server of it
//
// The client is the program's own, with its address, TLS and token. It should speak to the
// agent on the same machine, since services are registered at an agent.
//
// # How an instance is written
//
// Each registration is a service of the agent with an ID of its own, which begins with the
// name and the address, and with a TTL check. The instance's weight, zone and priority are
// the metadata "weight", "zone" and "priority"; the weight, rounded, is Consul's own as well.
// Consul allows letters, digits, "_" and "-" in the keys of metadata. Any other byte of a key
// is written as "__" and two hexadecimal digits, so "slo.latency" is "slo__2elatency".
//
// Services that other programs have registered are read in the same way. The address is the
// one of the service, or else the one of its node. Without the metadata "weight", Consul's
// weight counts. Of several services with one address the one that was written last counts.
//
// # Bounds
//
// Consul allows 64 pairs of metadata, keys of 128 bytes and values of 512. An instance that
// does not fit cannot be registered; the error names all that is too much. More than 10,000
// services of one name are an error, and the set stays as it was. A service without a port is
// left out, with an event "malformed". A weight or priority that is not a number does not
// count, with an event "malformed" as well.
//
// Consul's client reads a response as a whole. The client of [Parse] reads 64 MiB at most. A
// client of the program's own reads any size, unless its transport stops.
package consul
