// The program transports measures what a typed endpoint costs over JSON-RPC, net/rpc, Thrift
// and NATS, beside each transport's own library.
package main
