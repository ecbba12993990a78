module github.com/typedkit/endpoint/auth/oauth2x

go 1.27

toolchain go1.27.1

replace github.com/typedkit/endpoint => ../../

require (
	github.com/stretchr/testify v1.12.1
	github.com/typedkit/endpoint v0.0.0
	golang.org/x/oauth2 v0.38.0
)

require (
	github.com/bits-and-blooms/bitset v1.24.4 // indirect
	github.com/failsafe-go/failsafe-go v0.9.8 // indirect
	github.com/go-chi/chi/v5 v5.5.0 // indirect
	github.com/influxdata/tdigest v0.0.1 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/time v0.16.0 // indirect
)
