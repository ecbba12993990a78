// Package dns finds instances in the domain name system: the addresses of a
// host ([Hosts], records A and AAAA) and the servers of a service ([SRV], RFC
// 2782).
//
// The answers are asked for again when they expire: a [discover.Source] of this
// package follows the shortest time to live among the records, and asks sooner
// after an error. A name that cannot be resolved, NXDOMAIN too, is an error and
// leaves a pool's set as it is; an answer without records is an empty set. When
// one of several questions fails, so does the whole: half of a set must not replace
// it. But some name servers answer NXDOMAIN for the one kind of address where the
// other has some, or NOTIMP for AAAA: then those of the other kind are the set.
package dns
