// Http measures what a typed endpoint over HTTP costs: its handler, its client,
// and its share of a server's processor time, beside code by hand and beside
// other libraries. README.md of the module says how to run it and how to read it.
package main
