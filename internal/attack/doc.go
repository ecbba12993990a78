// Package attack has no code. Its tests attack servers and clients of default
// settings as a stranger on the network can, and measure what that costs other users
// of the same server: memory, goroutines, and answers.
package attack
