//go:build pin

package house

// Nothing here is built. The import keeps a requirement in go.mod that is for the
// modules of users: go-kit v0.13.0 and others of its age require a genproto from before
// it was split, which has the packages of google.golang.org/genproto/googleapis/rpc too.
// Such a module and this one in the same go.mod were "ambiguous import". With a genproto
// from after the split required here, Go selects that one. See decision 155.
import _ "google.golang.org/genproto/protobuf/field_mask"
