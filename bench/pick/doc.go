// Pick measures what it costs to pick an instance for a call, with this library
// and with others. README.md of the module says how to run it and how to read it.
package main
