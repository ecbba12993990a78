// Package edge is where a server meets its network: it listens on addresses, bounds
// connections, and makes HTTP servers that strangers may call.
package edge
