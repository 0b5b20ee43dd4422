package pylog

import (
	"log/slog"
	"math"
	"strconv"
	"strings"

	"github.com/dasf-go/dasf/internal/yamljson"
)

// A level is one of Python's: 10 is DEBUG, 50 is CRITICAL, 0 is not set.
type level int

const (
	notSet   level = 0
	debug    level = 10
	info     level = 20
	warning  level = 30
	errorLvl level = 40
	critical level = 50
)

var levelNames = map[string]level{
	"NOTSET": notSet, "DEBUG": debug, "INFO": info, "WARNING": warning, "WARN": warning,
	"ERROR": errorLvl, "CRITICAL": critical, "FATAL": critical,
}

// toSlog puts Python's 20 at slog's 0, and 10 of Python's at 4 of slog's. What
// lies between is rounded up: a threshold of 51 lets 50 not through.
func (l level) toSlog() slog.Level {
	return slog.Level(math.Ceil(float64(l-20) * 2 / 5))
}

// fromSlog is the other way round; what lies between stays between.
func fromSlog(l slog.Level) level { return level(int(l)*5/2 + 20) }

// name is that of the highest of Python's levels that l reaches.
func (l level) name() string {
	switch {
	case l >= critical:
		return "CRITICAL"
	case l >= errorLvl:
		return "ERROR"
	case l >= warning:
		return "WARNING"
	case l >= info:
		return "INFO"
	}
	return "DEBUG"
}

// readLevel takes a level as a name or a number.
func readLevel(n *yamljson.Node) (level, error) {
	if l, ok := levelNames[strings.ToUpper(n.Value)]; ok {
		return l, nil
	}
	if number, err := strconv.Atoi(n.Value); err == nil && number >= 0 {
		return level(number), nil
	}
	return 0, yamljson.At(n, "%q is no level: it must be DEBUG, INFO, WARNING, ERROR, CRITICAL or a number", n.Value)
}
