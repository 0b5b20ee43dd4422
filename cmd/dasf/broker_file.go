package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v4"

	"github.com/dasf-go/dasf/internal/cmdline"
	"github.com/dasf-go/dasf/internal/yamljson"
)

// brokerFile reads the configuration file of dasf broker for those commands that
// take it. For the others of its flags only where users are.
func brokerFile(command string, onLine func(string) (string, bool)) (func(string) (cmdline.FileValue, bool), error) {
	tokens := strings.HasPrefix(command, "broker token ")
	path, ok := onLine("config")
	if !ok || command != "broker" && !tokens {
		return nil, nil
	}
	values, err := readBrokerFile(path)
	if err != nil {
		return nil, err
	}
	return func(flag string) (cmdline.FileValue, bool) {
		if tokens && flag != "users" && flag != "state-dir" {
			return cmdline.FileValue{}, false
		}
		v, ok := values[flag]
		return v, ok
	}, nil
}

func readBrokerFile(path string) (map[string]cmdline.FileValue, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--config: %w", err)
	}
	values, err := parseBrokerFile(path, text)
	var at *yamljson.Error
	if errors.As(err, &at) && at.Line > 0 {
		return nil, cmdline.Usagef("%s:%d:%d: %s", path, at.Line, at.Column, at.Message)
	}
	if err != nil {
		return nil, cmdline.Usagef("%s: %v", path, err)
	}
	return values, nil
}

// parseBrokerFile returns what the text gives the flags. Values are read by the
// flags themselves, so that both take the same.
func parseBrokerFile(path string, text []byte) (map[string]cmdline.FileValue, error) {
	flags, err := serveFlags()
	if err != nil {
		return nil, err
	}
	root, err := yamljson.Parse(text)
	if err != nil || root == nil {
		return nil, err
	}
	if root.Kind != yaml.MappingNode {
		return nil, yamljson.At(root, "expected keys with values, such as listen: 127.0.0.1:8080")
	}
	values := make(map[string]cmdline.FileValue)
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		name := strings.ReplaceAll(key.Value, "_", "-")
		f := flags[name]
		if key.Kind != yaml.ScalarNode || f == nil {
			return nil, yamljson.At(key, "unknown key %q: the keys are %s", key.Value, strings.Join(flagNames(flags), ", "))
		}
		if _, twice := values[name]; twice {
			return nil, yamljson.At(key, "%s is there twice", key.Value)
		}
		text, err := flagText(f, value)
		if err != nil {
			return nil, err
		}
		values[name] = cmdline.FileValue{Text: text, Where: fmt.Sprintf("%s:%d:%d: %s", path, value.Line, value.Column, key.Value)}
	}
	return values, nil
}

// flagText is a value as it would stand on the command line.
func flagText(f *kong.Flag, value *yamljson.Node) (string, error) {
	scalar := func(n *yamljson.Node) (string, error) {
		switch {
		case n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null":
			return "", yamljson.At(n, "%s: expected a text, a number, or true or false", f.Name)
		case f.IsBool() && n.ShortTag() != "!!bool":
			return "", yamljson.At(n, "%s is %q: it must be true or false", f.Name, n.Value)
		}
		return n.Value, nil
	}
	if !f.IsSlice() {
		return scalar(value)
	}
	if value.Kind != yaml.SequenceNode {
		return "", yamljson.At(value, "%s: expected a list, such as [a, b]", f.Name)
	}
	var texts []string
	for _, n := range value.Content {
		text, err := scalar(n)
		if err == nil && strings.Contains(text, ",") {
			err = yamljson.At(n, "%s: a comma is not allowed in %q", f.Name, text)
		}
		if err != nil {
			return "", err
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ","), nil
}
