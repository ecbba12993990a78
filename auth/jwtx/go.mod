module github.com/typedkit/endpoint/auth/jwtx

go 1.27

toolchain go1.27.1

replace github.com/typedkit/endpoint => ../../

require (
	github.com/golang-jwt/jwt/v5 v5.3.1
	github.com/stretchr/testify v1.12.1
	github.com/typedkit/endpoint v0.0.0
	google.golang.org/grpc v1.85.0
)

require (
	github.com/go-chi/chi/v5 v5.5.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/net v0.60.0 // indirect
	golang.org/x/sys v0.48.0 // indirect
	golang.org/x/text v0.42.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20261019180522-ce908d29299b // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)
