// Package pylog is Python's logging for slog: loggers with dotted names,
// levels from 10 to 50, formatters, and handlers that write to streams and to
// rotating files, configured by the YAML that logging.config.dictConfig takes.
//
// The facts come from Python 3.11's logging package and from demessaging
// 0.6.4 (config/logging.py, config/logging.yaml, utils.py).
package pylog
