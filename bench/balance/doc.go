// Package balance simulates clients that spread their calls over replicas whose
// speed changes, with each balancer of discover, and with others for comparison:
// the code that is simulated is discover's own, in a testing/synctest bubble. So
// the program is a test; README.md of the module says how to run it and how to
// read it.
package balance
