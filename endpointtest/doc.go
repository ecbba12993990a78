// Package endpointtest helps to test what is built on package endpoint.
//
//   - [Layer] checks that a layer of one's own keeps the laws that every stack
//     relies on.
//   - [Recorder] makes layers that log what happens to them, to see what runs
//     around a call and in which order.
//   - [Listener] is a network in memory. Real servers and clients work over it
//     in a testing/synctest bubble, where time is fake and tests of timeouts
//     take no time.
package endpointtest
