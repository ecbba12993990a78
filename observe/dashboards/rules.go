package dashboards

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/observe/internal/series"
)

// An Objective is what users may count on.
type Objective struct {
	// Service and Operation say what it is for. An empty one stands for all,
	// each by itself.
	Service, Operation string
	// Availability is the share of calls, above 0 and below 1, that the
	// service is to answer without a fault of its own.
	Availability float64
}

// The codes of endpoint.ServerFault.
var faults = []endpoint.Code{endpoint.Unknown, endpoint.DeadlineExceeded, endpoint.Internal, endpoint.Unavailable, endpoint.DataLoss}

// A burn is a pair of windows of a multi-window alert, by the Site Reliability
// Workbook, chapter 5: how many times too fast the budget of 30 days is used
// up, over the long window and still over the short one.
type burn struct {
	long, short string
	rate        float64
	severity    string
}

var burns = []burn{
	{"1h", "5m", 14.4, "page"},
	{"6h", "30m", 6, "page"},
	{"1d", "2h", 3, "ticket"},
	{"3d", "6h", 1, "ticket"},
}

// The names of the series that are recorded.
const (
	errorRatio = "service_operation:endpoint_errors:ratio_rate"
	callRate   = "service_operation:endpoint_calls:rate5m"
	latency    = "service_operation:endpoint_call_duration_seconds:p"
)

// Rules returns rules for Prometheus: rates, ratios of errors and quantiles of
// the calls that are served, recorded for each operation, and alerts on each
// objective that page when a month's budget of errors would be gone in two days
// (or five), and open a ticket when in ten (or thirty). An operation that
// several objectives are for alerts by each. Without an objective it is 0.999
// for all.
//
// An error is a call whose code is the server's fault: UNKNOWN,
// DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE or DATA_LOSS. The calls of
// httpx.Problems have no ratio of errors and no alert.
func Rules(objectives ...Objective) ([]byte, error) {
	// See decision 71.
	if len(objectives) == 0 {
		objectives = []Objective{{Availability: 0.999}}
	}
	var errs []error
	for _, o := range objectives {
		if !(0 < o.Availability && o.Availability < 1) {
			errs = append(errs, fmt.Errorf("dashboards: Rules: %s: an availability of %v, want one between 0 and 1", o.subject(), o.Availability))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	// One group: its rules run in their order, so that alerts see what was
	// recorded at the same time.
	b.WriteString("groups:\n- name: endpoint\n  rules:\n")
	for _, w := range windows() {
		record(&b, errorRatio+w, ratio(w))
	}
	record(&b, callRate, sum(series.Calls, served, "5m"))
	for _, q := range []string{"0.5", "0.9", "0.99"} {
		record(&b, latency+strings.TrimPrefix(q, "0."), quantile(q, served, "5m"))
	}
	for _, o := range objectives {
		for _, w := range burns {
			o.alert(&b, w)
		}
	}
	breakerAlert(&b)
	return b.Bytes(), nil
}

const (
	served = series.Side + `="server"`
	routed = served + `, ` + series.Service + `!~"httpx|jsonrpcx|netrpcx"` // all but endpoint.Operation.Unrouted
)

// windows are those that alerts look at, each once.
func windows() []string {
	var ws []string
	for _, b := range burns {
		ws = append(ws, b.short, b.long)
	}
	slices.Sort(ws)
	return slices.Compact(ws)
}

// faultCodes matches the codes of errors.
func faultCodes() string {
	var names []string
	for _, c := range faults {
		names = append(names, c.String())
	}
	return series.Code + `=~"` + strings.Join(names, "|") + `"`
}

const byOperation = "sum by (" + series.Service + ", " + series.Operation + ")"

// sum is the rate of a counter, of each operation.
func sum(metric, selector, window string) string {
	return fmt.Sprintf("%s (rate(%s{%s}[%s]))", byOperation, metric, selector, window)
}

// ratio is the share of errors. It is 0 for an operation without errors, which
// has no series of them.
func ratio(window string) string {
	all := sum(series.Calls, routed, window)
	return fmt.Sprintf("(%s or 0 * %s) / (%s > 0)", sum(series.Calls, routed+", "+faultCodes(), window), all, all)
}

// quantile is one of the durations, by the classic buckets.
func quantile(q, selector, window string) string {
	return fmt.Sprintf("histogram_quantile(%s, sum by (%s, %s, le) (rate(%s_bucket{%s}[%s])))",
		q, series.Service, series.Operation, series.Duration, selector, window)
}

func record(b *bytes.Buffer, name, expr string) {
	fmt.Fprintf(b, "  - record: %s\n    expr: %s\n", name, quoted(expr))
}

// alert is the one of an objective on one pair of windows.
func (o Objective) alert(b *bytes.Buffer, w burn) {
	selector := o.selector()
	most := strconv.FormatFloat(w.rate, 'g', -1, 64) + " * " + strconv.FormatFloat(1-o.Availability, 'g', 6, 64)
	expr := fmt.Sprintf("%s%s%s > %s and %s%s%s > %s", errorRatio, w.long, selector, most, errorRatio, w.short, selector, most)
	fmt.Fprintf(b, "  - alert: EndpointErrorBudgetBurn\n    expr: %s\n", quoted(expr))
	fmt.Fprintf(b, "    labels: {severity: %s, long_window: %s, short_window: %s, objective: %q}\n",
		w.severity, w.long, w.short, strconv.FormatFloat(o.Availability, 'g', -1, 64))
	summary := "{{ $labels.service }}.{{ $labels.operation }} uses up its budget of errors " + strconv.FormatFloat(w.rate, 'g', -1, 64) + " times too fast"
	description := fmt.Sprintf("{{ $value | humanizePercentage }} of calls failed over %s; %s of them may.", w.long, strconv.FormatFloat(100*(1-o.Availability), 'g', 4, 64)+" %")
	fmt.Fprintf(b, "    annotations:\n      summary: %s\n      description: %s\n", quoted(summary), quoted(description))
}

// selector limits a series to what the objective is for.
func (o Objective) selector() string {
	var ls []string
	if o.Service != "" {
		ls = append(ls, series.Service+"="+strconv.Quote(o.Service))
	}
	if o.Operation != "" {
		ls = append(ls, series.Operation+"="+strconv.Quote(o.Operation))
	}
	if len(ls) == 0 {
		return ""
	}
	return "{" + strings.Join(ls, ", ") + "}"
}

func (o Objective) subject() string {
	if o.selector() == "" {
		return "all"
	}
	return o.selector()
}

// breakerOpen is the state of a breaker that lets no call through.
const breakerOpen = 2

func breakerAlert(b *bytes.Buffer) {
	expr := fmt.Sprintf("%sbreaker_state == %d", series.StatePrefix, breakerOpen)
	fmt.Fprintf(b, "  - alert: EndpointBreakerOpen\n    expr: %s\n    for: 5m\n    labels: {severity: ticket}\n", quoted(expr))
	fmt.Fprintf(b, "    annotations:\n      summary: %s\n", quoted("The breaker {{ $labels.name }} of {{ $labels.service }}.{{ $labels.operation }} stays open"))
}

// quoted is a string of YAML, in single quotes.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
