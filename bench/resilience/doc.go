// Resilience measures what the policies of package resilience cost a call that
// succeeds, beside other libraries. README.md of the module says how to run it
// and how to read it.
package main
