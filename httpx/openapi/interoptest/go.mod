module github.com/typedkit/endpoint/httpx/openapi/interoptest

go 1.27

toolchain go1.27.1

replace (
	github.com/typedkit/endpoint => ../../../
	github.com/typedkit/endpoint/discover/consul => ../../../discover/consul
	github.com/typedkit/endpoint/discover/etcd => ../../../discover/etcd
	github.com/typedkit/endpoint/discover/zookeeper => ../../../discover/zookeeper
	github.com/typedkit/endpoint/examples => ../../../examples
	github.com/typedkit/endpoint/examples/services => ../../../examples/services
	github.com/typedkit/endpoint/natsx => ../../../natsx
	github.com/typedkit/endpoint/observe/zipkin => ../../../observe/zipkin
	github.com/typedkit/endpoint/thriftx => ../../../thriftx
)

require (
	github.com/pb33f/libopenapi v0.42.5
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3
	github.com/stretchr/testify v1.12.1
	github.com/typedkit/endpoint v0.0.0
	github.com/typedkit/endpoint/examples v0.0.0-00010101000000-000000000000
	github.com/typedkit/endpoint/examples/services v0.0.0-00010101000000-000000000000
	go.yaml.in/yaml/v3 v3.0.6
)

require (
	github.com/bahlo/generic-list-go v0.2.0 // indirect
	github.com/bits-and-blooms/bitset v1.24.4 // indirect
	github.com/buger/jsonparser v1.1.2 // indirect
	github.com/failsafe-go/failsafe-go v0.9.8 // indirect
	github.com/go-chi/chi/v5 v5.5.0 // indirect
	github.com/influxdata/tdigest v0.0.1 // indirect
	github.com/pb33f/go-yaml v0.1.1 // indirect
	github.com/pb33f/jsonpath v0.8.5 // indirect
	github.com/pb33f/ordered-map/v2 v2.3.2 // indirect
	golang.org/x/text v0.43.0 // indirect
	golang.org/x/time v0.16.0 // indirect
)
