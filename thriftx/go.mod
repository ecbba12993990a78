module github.com/typedkit/endpoint/thriftx

go 1.27

toolchain go1.27.1

replace github.com/typedkit/endpoint => ../

require (
	github.com/apache/thrift v0.25.0
	github.com/stretchr/testify v1.12.1
	github.com/typedkit/endpoint v0.0.0-00010101000000-000000000000
)

require (
	github.com/go-chi/chi/v5 v5.5.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
)
