// Package interoptest checks documents of httpx/openapi and jsonrpcx with tools of others: the
// official schemas of OpenAPI and OpenRPC, and a library for YAML.
package interoptest
