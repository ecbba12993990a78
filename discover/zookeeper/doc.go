// Package zookeeper finds and registers the instances of services in ZooKeeper.
//
//	rooms := zookeeper.New([]string{"10.0.0.1:2181"}, "/services/rooms")
//	go pool.Run(ctx, rooms)                                // a client of the service
//	s.Add(server.HTTP(":8081", h, server.Register(rooms))) // a server of it
//
// It takes the servers in place of a *zk.Conn, because a zk.Conn never gets a session again
// from servers that have lost their data. [Dial], [Auth] and [ACL] set up TLS and rights.
//
// # Nodes
//
// Each registration is an ephemeral node, with a name that no other has: the address of the
// instance, escaped as in a URL, and a random text, /services/rooms/10.0.0.7:80-4FVT…. The
// nodes above it are persistent. The data is a JSON object:
//
//	{"address":"10.0.0.7:80","weight":2,"zone":"a","priority":1,"metadata":{"version":"7"}}
//
// Only the address is required. Unknown members are ignored. Data that is not an object, as
// other programs write it, is read as an address: 10.0.0.7:80. The names of nodes do not
// matter. If several nodes have the same address, the one written last is used.
//
// # Bounds
//
// More than 10,000 nodes below the path, and data of more than 64 MiB together, are errors, and
// the set stays as it was. Data of more than 64 KiB, data that cannot be read and data without
// an address is left out, with an event "malformed"; an instance of that size cannot be
// registered. A message of more than 16 MiB ends the connection.
package zookeeper
