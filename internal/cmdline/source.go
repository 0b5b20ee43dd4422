package cmdline

// A Level says how much a source of values weighs: the highest wins.
type Level int

// The levels, from the lowest.
const (
	Default     Level = iota // built in
	Variable                 // the environment, or the file of DE_MESSAGING_ENV_FILE
	File                     // a configuration file
	Program                  // the program's main function
	CommandLine              // a flag
)

// A Source is what gave a flag its value.
type Source struct {
	Level Level
	// Name is what gave the value: "--port", "DE_BACKEND_PORT",
	// "broker.yaml:3:9: port", "Config.Connection.Port", or "" for a default.
	Name string
}

// String says it in words: "--port on the command line".
func (s Source) String() string {
	switch s.Level {
	case CommandLine:
		return s.Name + " on the command line"
	case Program:
		return s.Name + " in the program"
	case File:
		return s.Name
	case Variable:
		return s.Name + " in the environment"
	}
	return "the defaults"
}
