// Package race reports whether a test runs with the race detector, which is slow and
// allocates.
package race

import (
	"runtime/debug"
	"slices"
)

// Enabled reports whether the program was built with the race detector.
func Enabled() bool {
	info, _ := debug.ReadBuildInfo()
	return info != nil && slices.ContainsFunc(info.Settings, func(s debug.BuildSetting) bool {
		return s.Key == "-race" && s.Value == "true"
	})
}
