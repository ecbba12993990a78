package httpx_test

import (
	"os"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/typedkit/endpoint/internal/leak"
)

func TestMain(m *testing.M) {
	chi.RegisterMethod("LINK") // for TestProblemsOfMethods; chi keeps methods in a variable
	os.Exit(leak.Run(m))
}
