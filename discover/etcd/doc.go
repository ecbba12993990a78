// Package etcd finds and registers the instances of services in etcd v3.
//
//	client, err := clientv3.New(clientv3.Config{Endpoints: []string{"10.0.0.1:2379"}})
//	rooms := etcd.New(client, "/services/rooms")
//	go pool.Run(ctx, rooms)                             // a client of the service
//	s.Add(server.HTTP(":8081", h, server.Register(rooms))) // a server of it
//
// The client is the program's own, with its addresses, TLS and credentials. Set its
// DialKeepAliveTime and DialKeepAliveTimeout, so that it leaves a connection on which nothing
// arrives; [Parse] does this.
//
// # Keys and values
//
// Each registration has a key of its own with a lease of its own: the prefix, the address of
// the instance and the number of the lease, /services/rooms/10.0.0.7:80/4f3a…. The value is a
// JSON object:
//
//	{"address":"10.0.0.7:80","weight":2,"zone":"a","priority":1,"metadata":{"version":"7"}}
//
// Only the address is required, and unknown members are ignored. A value that is not an
// object is read as an address, 10.0.0.7:80, which is what other programs write. If several
// keys have the same address, the one written last counts.
//
// # Bounds
//
// More than 10,000 keys below the prefix, values of more than 64 MiB together, and a message of
// more than 16 MiB are errors, and the set stays as it was. A value of more than 64 KiB, one that
// cannot be read and one without an address are left out, with an event "malformed"; an instance
// of that size cannot be registered.
package etcd
