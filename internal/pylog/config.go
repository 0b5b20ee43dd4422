package pylog

import (
	"fmt"
	"os"
	"strconv"

	"go.yaml.in/yaml/v4"

	"github.com/dasf-go/dasf/internal/yamljson"
)

// A Config is a logging configuration that is not read into handlers yet. The
// order of calls is that of demessaging's LoggingConfig.config_dict: [Read] or
// [Default], [Config.MergeInto], [Config.SetLevel], [Config.AddFile],
// [Config.Override], then [Config.Open].
type Config struct {
	root *yamljson.Node
	file string // for errors
	own  bool   // nothing of it but levels and the log file was given by a user
}

// Default is the configuration of demessaging: the loggers demessaging and
// websocket write to standard output, and from WARNING on to standard error.
// Nearly every program starts with it, so that it is not read from YAML.
func Default() *Config {
	root := mapping("version", "1", "disable_existing_loggers", "false")
	put(child(root, "formatters"), "simple", mapping("format", "%(asctime)s - %(levelname)s - [%(name)s]: %(message)s"))
	handlers := child(root, "handlers")
	put(handlers, "console", mapping("class", "logging.StreamHandler", "level", "DEBUG", "formatter", "simple", "stream", "ext://sys.stdout"))
	put(handlers, "warning_console", mapping("class", "logging.StreamHandler", "level", "WARNING", "formatter", "simple", "stream", "ext://sys.stderr"))
	for _, name := range []string{"demessaging", "websocket"} {
		logger := mapping("propagate", "false", "level", "INFO")
		put(logger, "handlers", &yamljson.Node{Kind: yaml.SequenceNode, Content: []*yamljson.Node{scalar("console"), scalar("warning_console")}})
		put(child(root, "loggers"), name, logger)
	}
	return &Config{root: root, file: "the built-in logging configuration", own: true}
}

// Read reads a configuration file.
func Read(path string) (*Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parse(path, text)
}

func parse(file string, text []byte) (*Config, error) {
	root, err := yamljson.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if root == nil {
		return nil, fmt.Errorf("%s is empty", file)
	}
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s: %w", file, yamljson.At(root, "expected a mapping"))
	}
	if root, err = yamljson.Plain(root); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &Config{root: root, file: file}, nil
}

// MergeInto merges c into base and returns base.
func (c *Config) MergeInto(base *Config) *Config {
	merge(base.root, c.root)
	base.file, base.own = c.file, false
	return base
}

// Override merges YAML text into c. name stands for it in errors.
func (c *Config) Override(name string, text []byte) error {
	over, err := parse(name, text)
	if err != nil {
		return err
	}
	merge(c.root, over.root)
	c.own = false
	return nil
}

// SetLevel gives every logger a level, as Python counts them.
func (c *Config) SetLevel(number int) {
	for _, logger := range c.loggers() {
		put(logger, "level", scalar(strconv.Itoa(number)))
	}
}

// AddFile has every logger write to a file too, which is rotated at 10 MB;
// five older ones are kept.
func (c *Config) AddFile(path string) {
	put(child(c.root, "formatters"), "full",
		mapping("format", "%(asctime)s - %(levelname)s - [%(name)s.%(funcName)s]: %(message)s"))
	put(child(c.root, "handlers"), "file_handler", mapping(
		"class", "logging.handlers.RotatingFileHandler", "level", "DEBUG", "formatter", "full",
		"filename", path, "maxBytes", "10485760", "backupCount", "5", "encoding", "utf8", "delay", "true"))
	for _, logger := range c.loggers() {
		handlers := get(logger, "handlers")
		if handlers == nil || handlers.Kind == yaml.ScalarNode && handlers.ShortTag() == "!!null" {
			handlers = &yamljson.Node{Kind: yaml.SequenceNode}
			put(logger, "handlers", handlers)
		}
		handlers.Content = append(handlers.Content, scalar("file_handler"))
	}
}

// loggers are the mappings of the loggers, or that of the root logger when it
// is the only one.
func (c *Config) loggers() []*yamljson.Node {
	var all []*yamljson.Node
	if loggers := get(c.root, "loggers"); loggers != nil && loggers.Kind == yaml.MappingNode {
		for i := 1; i < len(loggers.Content); i += 2 {
			if loggers.Content[i].Kind == yaml.MappingNode {
				all = append(all, loggers.Content[i])
			}
		}
	}
	if root := get(c.root, "root"); len(all) == 0 && root != nil && root.Kind == yaml.MappingNode {
		all = append(all, root)
	}
	return all
}

// merge does what demessaging's merge_config does: mappings are merged, lists
// appended, all else replaced.
func merge(base, over *yamljson.Node) {
	for i := 0; i+1 < len(over.Content); i += 2 {
		key, value := over.Content[i], over.Content[i+1]
		old := get(base, key.Value)
		switch {
		case old != nil && old.Kind == yaml.MappingNode && value.Kind == yaml.MappingNode:
			merge(old, value)
		case old != nil && old.Kind == yaml.SequenceNode && value.Kind == yaml.SequenceNode:
			old.Content = append(old.Content, value.Content...)
		default:
			put(base, key.Value, value)
		}
	}
}

func get(m *yamljson.Node, key string) *yamljson.Node {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return m.Content[i+1]
		}
	}
	return nil
}

func put(m *yamljson.Node, key string, value *yamljson.Node) {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			m.Content[i+1] = value
			return
		}
	}
	m.Content = append(m.Content, scalar(key), value)
}

// child returns the mapping under key, which is made if it is not there.
func child(m *yamljson.Node, key string) *yamljson.Node {
	c := get(m, key)
	if c == nil || c.Kind != yaml.MappingNode {
		c = &yamljson.Node{Kind: yaml.MappingNode}
		put(m, key, c)
	}
	return c
}

func scalar(text string) *yamljson.Node {
	return &yamljson.Node{Kind: yaml.ScalarNode, Value: text}
}

func mapping(pairs ...string) *yamljson.Node {
	m := &yamljson.Node{Kind: yaml.MappingNode}
	for _, p := range pairs {
		m.Content = append(m.Content, scalar(p))
	}
	return m
}
