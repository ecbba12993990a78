package health

import (
	"encoding/json/v2"
	"net/http"
	"time"
)

// A Document answers GET and HEAD with all that is known, as application/health+json
// (draft-inadarei-api-health-check-06). The status is 503 if that of the document is
// "fail". That also holds while the server is not ready.
type Document struct {
	Service, Release string // Release may be empty
	State            func() State
	Report           func() *Report
}

type document struct {
	Status    string                 `json:"status"`
	ReleaseID string                 `json:"releaseId,omitzero"`
	ServiceID string                 `json:"serviceId"`
	Notes     []string               `json:"notes"`
	Checks    map[string][]component `json:"checks,omitempty"`
}

// component is what the draft calls an object of component details. The last two members
// are ours, which its section 4.10 allows.
type component struct {
	ComponentType string     `json:"componentType"`
	ObservedValue *float64   `json:"observedValue,omitzero"`
	ObservedUnit  string     `json:"observedUnit,omitzero"`
	Status        string     `json:"status"`
	Time          *time.Time `json:"time,omitzero"`
	Output        string     `json:"output,omitzero"`
	Severity      string     `json:"severity"`
	Since         time.Time  `json:"since"`
}

// ServeHTTP answers with the document.
func (d *Document) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secure(w.Header())
	if !isRead(w, r) {
		return
	}
	overall, text, err := d.encode()
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/health+json")
	w.WriteHeader(status(overall != Fail))
	_, _ = w.Write(text)
}

func (d *Document) encode() (Status, []byte, error) {
	state, report := d.State(), d.Report()
	overall := report.Status
	if !state.Ready {
		overall = Fail
	}
	doc := document{
		Status: overall.String(), ReleaseID: d.Release, ServiceID: d.Service,
		Notes: []string{"the server is " + state.Name}, Checks: make(map[string][]component),
	}
	for _, result := range report.Results {
		doc.Checks[result.Name+":responseTime"] = []component{detail(result)}
	}
	text, err := json.Marshal(doc, json.Deterministic(true))
	return overall, text, err
}

func detail(r Result) component {
	c := component{
		ComponentType: "component", Status: r.Status.String(), Severity: "critical", Since: r.Since.UTC(),
	}
	if r.Warns {
		c.Severity = "warn"
	}
	if r.HasRun() {
		at, took := r.At.UTC(), float64(r.Took)/float64(time.Millisecond)
		c.Time, c.ObservedValue, c.ObservedUnit = &at, &took, "ms"
	}
	if r.Err != nil {
		c.Output = r.Err.Error()
	}
	return c
}
