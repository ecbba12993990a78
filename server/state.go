package server

// A State says what a [Server] does at the moment. The states follow one another.
type State int32

const (
	// StateNew is the state before Run.
	StateNew State = iota
	// StateStarting means that addresses are bound and work begins.
	StateStarting
	// StateRunning means that the server serves.
	StateRunning
	// StateDraining means that the server stops: it finishes calls.
	StateDraining
	// StateStopped means that Run has ended.
	StateStopped
)

var stateNames = [...]string{"new", "starting", "running", "draining", "stopped"}

// String returns the name of the state in lower case.
func (s State) String() string {
	if s < 0 || int(s) >= len(stateNames) {
		return "unknown"
	}
	return stateNames[s]
}

// State returns what the server does at the moment.
func (s *Server) State() State { return State(s.state.Load()) }

// enter notes the new state and tells of it.
func (s *Server) enter(state State) {
	s.state.Store(int32(state))
	s.emit(state.String(), "", nil)
	s.refreshReady()
	s.publish()
}
