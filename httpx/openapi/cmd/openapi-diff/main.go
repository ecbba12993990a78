// Openapi-diff names the changes between two documents of OpenAPI in JSON:
//
//	openapi-diff old.json new.json
//
// It prints a line for each change. The exit code is 0 if none of them is breaking, 1 if one
// is, and 2 if the documents cannot be compared. With -breaking it prints breaking changes only.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/typedkit/endpoint/httpx/openapi"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run compares the documents that args name, and returns the exit code.
func run(args []string, out, errs io.Writer) int {
	flags := flag.NewFlagSet("openapi-diff", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.Usage = func() {
		fmt.Fprintln(errs, "usage: openapi-diff [-breaking] old.json new.json")
		flags.PrintDefaults()
	}
	breaking := flags.Bool("breaking", false, "print breaking changes only")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() != 2 {
		flags.Usage()
		return 2
	}
	changes, err := compare(flags.Arg(0), flags.Arg(1))
	if err != nil {
		fmt.Fprintln(errs, "openapi-diff:", err)
		return 2
	}
	code := 0
	for _, c := range changes {
		if c.Breaking {
			code = 1
		}
		if c.Breaking || !*breaking {
			fmt.Fprintln(out, c)
		}
	}
	return code
}

func compare(from, to string) ([]openapi.Change, error) {
	before, err := os.ReadFile(from)
	if err != nil {
		return nil, err
	}
	after, err := os.ReadFile(to)
	if err != nil {
		return nil, err
	}
	return openapi.Diff(before, after)
}
