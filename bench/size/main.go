package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

func main() {
	if os.Getenv(recordVariable) != "" && len(os.Args) > 1 {
		os.Exit(runTool(os.Args[1:]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := quick(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "size:", err)
		os.Exit(1)
	}
}

func quick(ctx context.Context, args []string) (err error) {
	flags := flag.NewFlagSet("size", flag.ContinueOnError)
	only := flags.String("only", strings.Join(variants(), ","), "variants to measure")
	rounds := flags.Int("rounds", 5, "how often each is compiled")
	many := flags.Int("endpoints", 100, "endpoints of the larger program")
	list := flags.Int("list", 0, "list as many symbols")
	keep := flags.String("keep", "", "keep the generated programs in this folder")
	if err := flags.Parse(args); err != nil {
		return err
	}
	_, file, _, _ := runtime.Caller(0)
	bench := filepath.Dir(filepath.Dir(file))
	dir := *keep
	if dir == "" {
		if dir, err = os.MkdirTemp("", "size-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	} else if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	w, err := newWorkshop(ctx, dir, bench)
	if err != nil {
		return err
	}
	for _, v := range strings.Split(*only, ",") {
		one, err := w.build(ctx, v, 1)
		if err != nil {
			return err
		}
		all, err := w.build(ctx, v, *many)
		if err != nil {
			return err
		}
		var ms []float64
		for round := range *rounds {
			a, b := time.Duration(one.compile.Nanos), time.Duration(all.compile.Nanos)
			if round > 0 {
				if a, err = one.recompile(ctx); err != nil {
					return err
				}
				if b, err = all.recompile(ctx); err != nil {
					return err
				}
			}
			ms = append(ms, float64(b-a)/1e6/float64(*many-1))
		}
		slices.Sort(ms)
		fmt.Printf("%-8s %6.2f KB  %6.2f ms (%.2f-%.2f)  of an endpoint; 1: %d B, %d: %d B\n", v, float64(all.bytes-one.bytes)/1000/float64(*many-1), measure.Median(ms), ms[0], ms[len(ms)-1], one.bytes, *many, all.bytes)
		if _, err := all.run(ctx); err != nil {
			return err
		}
		if *list > 0 {
			a, err := w.list(ctx, one)
			if err != nil {
				return err
			}
			b, err := w.list(ctx, all)
			if err != nil {
				return err
			}
			entries, sections := perEndpoint(a, b, *many-1)
			fmt.Println(listed(entries, sections, *list))
		}
	}
	return nil
}
