package dasf

import "log/slog"

// ParseRecords reads the payload of a log message, for fuzzing.
func ParseRecords(text []byte) []slog.Record {
	records, _ := parseRecords(text)
	return records
}
