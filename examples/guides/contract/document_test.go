package contractguide

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx/openapi"
)

// snippet: document

func Example() {
	add := func(context.Context, Guest) (endpoint.Empty, error) { return endpoint.Empty{}, nil }
	handler, err := newHandler(&Guests{Add: add})
	if err != nil {
		panic(err)
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/openapi.yaml", http.NoBody))
	_, guest, _ := strings.Cut(answer.Body.String(), "    Guest:\n")
	guest, _, _ = strings.Cut(guest, "    Problem:\n")
	fmt.Print(guest)
	// Output:
	//       type: object
	//       properties:
	//         name:
	//           type: string
	//           minLength: 1
	//           description: as in the passport
	//           examples:
	//             - Ann Smith
	//         email:
	//           type: string
	//           format: email
	//           examples:
	//             - "ann@example.com"
	//       required:
	//         - name
	//         - email
	//       additionalProperties: false
}

// end snippet

// released is the document of the last release.
func released() []byte {
	return openapi.New("guests", "0.9", new(Guests)).JSON()
}

// snippet: diff

func TestCompatible(t *testing.T) {
	doc := openapi.New("guests", "1.0", new(Guests))
	require.NoError(t, doc.Err())
	changes, err := openapi.Diff(released(), doc.JSON())
	require.NoError(t, err)
	for _, c := range changes {
		require.False(t, c.Breaking, c)
	}
}

// end snippet
