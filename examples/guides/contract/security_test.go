package contractguide

import (
	"fmt"
	"strings"

	"github.com/typedkit/endpoint/httpx/openapi"
)

// snippet: security

func ExampleKeys() {
	text := string(openapi.New("keys", "1.0", new(Keys)).YAML())
	_, security, _ := strings.Cut(text, "      security:\n")
	security, _, _ = strings.Cut(security, "components:\n")
	_, schemes, _ := strings.Cut(text, "  securitySchemes:\n")
	fmt.Println("security:")
	fmt.Print(security)
	fmt.Println("securitySchemes:")
	fmt.Print(schemes)
	// Output:
	// security:
	//         - clerks:
	//             - doors
	//         - machines: []
	// securitySchemes:
	//     clerks:
	//       type: http
	//       description: tokens of the house
	//       scheme: bearer
	//       bearerFormat: JWT
	//     machines:
	//       type: apiKey
	//       name: X-Key
	//       in: header
}

// end snippet
