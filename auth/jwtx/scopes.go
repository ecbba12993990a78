package jwtx

import (
	"encoding/json/v2"
	"strings"
)

// Scopes is a claim of scopes: a text with spaces between them, as scope of RFC 8693 is, or
// a list, as scp is with some issuers. A func for [Issuer.Verify] returns it as it is.
type Scopes []string

// UnmarshalJSON reads either form.
func (s *Scopes) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '[' {
		return json.Unmarshal(data, (*[]string)(s))
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	*s = strings.Fields(text)
	return nil
}
