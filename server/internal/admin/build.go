package admin

import "runtime/debug"

// A Build is what is known of the program itself.
type Build struct {
	Module   string `json:"module,omitzero"`
	Version  string `json:"version,omitzero"`
	Go       string `json:"go"`
	Revision string `json:"revision,omitzero"`
	// Time is when the revision was made, Modified whether the sources differed from it.
	Time     string `json:"time,omitzero"`
	Modified bool   `json:"modified,omitzero"`
}

// readBuild returns what the linker wrote into the program.
func readBuild() Build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return Build{}
	}
	b := Build{Module: info.Main.Path, Version: info.Main.Version, Go: info.GoVersion}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}
