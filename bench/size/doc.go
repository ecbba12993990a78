// Size measures what one more endpoint costs at build time: bytes of the binary and
// processor time of the compiler, with this library and with others. README.md of the
// module says how to run it and how to read it.
package main
