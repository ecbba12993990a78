// Package dns finds instances in the domain name system: the addresses of a
// host ([Hosts], records A and AAAA) and the servers of a service ([SRV], RFC
// 2782).
//
// The answers are asked for again when they expire: a [discover.Source] of this
// package follows the shortest time to live among the records, and asks sooner
// after an error. A name that cannot be resolved, NXDOMAIN too, is an error and
// leaves a pool's set as it is; an answer without records is an empty set.
package dns
