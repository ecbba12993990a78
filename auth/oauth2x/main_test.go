package oauth2x_test

import (
	"os"
	"testing"

	"github.com/typedkit/endpoint/internal/leak"
)

func TestMain(m *testing.M) { os.Exit(leak.Run(m)) }
