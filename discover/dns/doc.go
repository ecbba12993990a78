// Package dns finds instances in the domain name system: the addresses of a
// host ([Hosts], records A and AAAA) and the servers of a service ([SRV], RFC
// 2782).
//
// A lookup works as in the system's resolver: it follows resolv.conf(5), with its search
// list, attempts and time-outs. The name servers are asked again when an answer expires: after the
// shortest time to live among the records, and sooner after an error.
//
// A name that cannot be resolved is an error, even if no name server knows it (NXDOMAIN),
// and leaves a pool's set as it is. An answer without records is an empty set. When one of
// several questions fails, so does the lookup, because half of a set must not replace it.
// But some name servers answer NXDOMAIN for one kind of address where the other kind has
// records, or NOTIMP for AAAA. The set is then the addresses of the other kind.
//
// No answer makes a lookup take longer than a minute, ask for more than 1024 targets, or
// yield more than 10,000 instances.
package dns
