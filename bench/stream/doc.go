// Stream measures what an item of a stream over HTTP costs: with httpx, and
// beside server-sent events and JSON lines by hand. README.md of the module says
// how to run it and how to read it.
package main
