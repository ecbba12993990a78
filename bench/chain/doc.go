// Chain measures what a chain of layers costs a call, with this library and with
// others. README.md of the module says how to run it and how to read it.
package main
