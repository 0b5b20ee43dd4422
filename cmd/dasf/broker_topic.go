package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dasf-go/dasf/broker"
	"github.com/dasf-go/dasf/internal/brokerapi"
	"github.com/dasf-go/dasf/internal/cmdline"
)

// topicCommand manages the topics of a broker that runs, through its API, or of
// one that does not, in its state folder.
type topicCommand struct {
	List   topicListCommand   `cmd:"" help:"List topics: who is connected, what waits, whether a backend answers."`
	Show   topicShowCommand   `cmd:"" help:"Show a topic with its settings, rights and connections."`
	Create topicCreateCommand `cmd:"" help:"Create a topic."`
	Set    topicSetCommand    `cmd:"" help:"Change a topic's settings and rights."`
	Delete topicDeleteCommand `cmd:"" help:"Delete a topic with its settings and messages."`
}

// Help is what the help says besides its tables.
func (topicCommand) Help() string {
	return `These commands talk to a broker that runs (--url), or open the store of one that does not (--state-dir).

A broker that asks for tokens wants that of an administrator, in the variable DASF_BROKER_TOKEN or in the file of --token-file.`
}

type topicListCommand struct {
	All  cmdline.Switch `help:"Also the topics of clients and the inboxes of backends."`
	JSON cmdline.Switch `name:"json" help:"Print JSON."`
	brokerAPI
}

func (c *topicListCommand) Run(ctx context.Context, s streams) error {
	query := ""
	if c.All {
		query = "?all"
	}
	var topics brokerapi.Topics
	text, err := c.call(ctx, s, http.MethodGet, "/api/topics"+query, nil, &topics)
	if err != nil {
		return err
	}
	if c.JSON {
		return indented(s.out, text)
	}
	t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "TOPIC\tONLINE\tCONSUMERS\tPRODUCERS\tWAITING\tPUBLIC\tCREATED")
	for i := range topics.Topics {
		x := &topics.Topics[i]
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t%s\t%s\n", x.Name, onlineText(x.Online), x.Consumers, x.Producers, x.Backlog, yesNo(x.Public), yesNo(x.Created))
	}
	return t.Flush()
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func onlineText(online *bool) string {
	if online == nil {
		return "unknown"
	}
	return yesNo(*online)
}

type topicShowCommand struct {
	Topic string         `arg:"" help:"Name of the topic, TENANT/NAMESPACE/NAME outside public/default."`
	JSON  cmdline.Switch `name:"json" help:"Print JSON."`
	brokerAPI
}

func (c *topicShowCommand) Run(ctx context.Context, s streams) error {
	var topic brokerapi.Topic
	text, err := c.call(ctx, s, http.MethodGet, topicPath(c.Topic), nil, &topic)
	if err != nil {
		return err
	}
	if c.JSON {
		return indented(s.out, text)
	}
	return printTopic(s.out, &topic)
}

// printTopic prints a topic in lines; the lists are those of dasf_topic -i.
func printTopic(w io.Writer, x *brokerapi.Topic) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name string, value any) { fmt.Fprintf(t, "%s:\t%v\n", name, value) }
	line("topic", x.Name)
	line("kind", x.Kind)
	line("online", onlineText(x.Online))
	line("waiting", fmt.Sprintf("%d messages, %d bytes", x.Backlog, x.BacklogBytes))
	line("connected", fmt.Sprintf("%d consumers, %d producers", x.Consumers, x.Producers))
	line("public", yesNo(x.Public))
	line("created", yesNo(x.Created))
	if s := x.Settings; s != nil {
		names := func(list *[]string) string {
			if list == nil || len(*list) == 0 {
				return "-"
			}
			return strings.Join(*list, ", ")
		}
		line("consumers", names(s.Consumers))
		line("producers", names(s.Producers))
		line("may view the status", names(s.Viewers))
		line("answers pings (dasf)", yesNo(s.DASF == nil || *s.DASF))
		text := func(name string, v *string) {
			if v != nil {
				line(name, *v)
			}
		}
		seconds := func(name string, v *float64) {
			if v != nil {
				line(name, time.Duration(*v*float64(time.Second)))
			}
		}
		text("store messages", s.StoreSources)
		text("store responses", s.StoreResponses)
		seconds("message ttl", s.MessageTTL)
		seconds("topic ttl", s.TopicTTL)
		seconds("ack timeout", s.AckTimeout)
		seconds("nack delay", s.NackDelay)
		if s.MaxRedeliveries != nil {
			line("max redeliveries", *s.MaxRedeliveries)
		}
		text("dead-letter topic", s.DeadLetterTopic)
		if s.MaxMessages != nil {
			line("max messages", *s.MaxMessages)
		}
		if s.MaxBytes != nil {
			line("max bytes", *s.MaxBytes)
		}
		if s.Owner != "" {
			line("owner", s.Owner)
		}
		if len(s.ResponseFor) > 0 {
			line("answers of", strings.Join(s.ResponseFor, ", "))
		}
		if s.InboxOf != "" {
			line("inbox of", s.InboxOf)
		}
	}
	for _, sub := range x.Subscriptions {
		line("subscription", fmt.Sprintf("%s, type %s, %d consumers, %d messages, %d of them delivered",
			sub.Name, orOne(sub.Type), sub.Consumers, sub.Messages, sub.Delivered))
	}
	for _, k := range x.Sockets {
		line(k.Role, fmt.Sprintf("%s from %s since %s", k.User, k.Remote, k.Since.Format(time.RFC3339)))
	}
	if len(x.APIInfo) > 0 {
		line("api_info", fmt.Sprintf("%d bytes, --json shows it", len(x.APIInfo)))
	}
	return t.Flush()
}

// orOne names the type of a subscription that has none.
func orOne(kind string) string {
	if kind == "" {
		return "of one socket"
	}
	return kind
}

// topicFlags are the settings, with the names and the meaning of dasf_topic's
// options where it has them.
type topicFlags struct {
	Public            cmdline.Switch `help:"Let everybody produce to the topic and see its status."`
	NoPublic          cmdline.Switch `help:"Take that back."`
	Anonymous         cmdline.Switch `help:"For those without a token: --public and --consumer AnonymousUser."`
	Consumer          []string       `short:"c" placeholder:"USER" help:"Let a user consume the topic and answer its requests. May be given several times, as the next two."`
	Producer          []string       `short:"p" placeholder:"USER" help:"Let a user produce to the topic."`
	ViewStatus        []string       `placeholder:"USER" help:"Let a user see the status of the topic."`
	RemovePermissions cmdline.Switch `aliases:"rm" help:"Take the rights away from the users named by the three above, instead."`
	DASF              cmdline.Switch `name:"dasf" help:"The consumers of the topic answer pings."`
	NoDASF            cmdline.Switch `name:"no-dasf" help:"They don't: never ping them."`

	StoreMessages   cmdline.Choice  `choices:"default,disabled,cache,cacheall,store" placeholder:"MODE" help:"What is kept of messages to the topic: default (what the broker says), disabled, cache, cacheall or store."`
	StoreResponses  cmdline.Choice  `choices:"default,disabled,cache,cacheall,store" placeholder:"MODE" help:"What is kept of the answers to them."`
	MessageTTL      cmdline.Seconds `name:"message-ttl" min:"0" placeholder:"SECONDS" help:"How long a message is held that no consumer has; 0: what the broker says."`
	TopicTTL        cmdline.Seconds `name:"topic-ttl" min:"0" placeholder:"SECONDS" help:"How long the topic lives without a connection; 0: for ever."`
	MaxRedeliveries cmdline.Int     `min:"0" placeholder:"N" help:"How often a message is delivered again before it goes to the dead-letter topic; 0: without end."`
	DeadLetterTopic string          `placeholder:"TOPIC" help:"Where it goes."`
	AckTimeout      cmdline.Seconds `min:"0" placeholder:"SECONDS" help:"After how long without an acknowledgement a message is delivered again; 0: never."`
	NackDelay       cmdline.Seconds `min:"0" placeholder:"SECONDS" help:"After how long one that was handed back is."`
	MaxMessages     cmdline.Int     `min:"0" placeholder:"N" help:"Most messages that a subscription holds; 0: what the broker says."`
	MaxBytes        size            `placeholder:"SIZE" help:"Most bytes that it holds; 0: what the broker says."`

	ShowInfo cmdline.Switch `short:"i" help:"Show the topic afterwards."`
}

// settings is what the flags that were given say.
func (f *topicFlags) settings(line *cmdline.Result) (s brokerapi.Settings, err error) {
	either := func(yes, no cmdline.Switch, names string) (*bool, error) {
		if yes && no {
			return nil, cmdline.Usagef("--%s and --no-%s are contrary: give one of them", names, names)
		}
		if !yes && !no {
			return nil, nil
		}
		return new(bool(yes)), nil
	}
	if s.Public, err = either(f.Public || f.Anonymous, f.NoPublic, "public"); err != nil {
		return s, err
	}
	if s.DASF, err = either(f.DASF, f.NoDASF, "dasf"); err != nil {
		return s, err
	}
	named := &brokerapi.Lists{Consumers: f.Consumer, Producers: f.Producer, Viewers: f.ViewStatus}
	if f.RemovePermissions {
		if len(f.Consumer)+len(f.Producer)+len(f.ViewStatus) == 0 {
			return s, cmdline.Usagef("--remove-permissions needs --consumer, --producer or --view-status")
		}
		s.Remove = named
	} else {
		s.Add = named
	}
	if f.Anonymous {
		if s.Add == nil {
			s.Add = &brokerapi.Lists{}
		}
		s.Add.Consumers = append(slices.Clone(s.Add.Consumers), broker.AnonymousUser)
	}
	mode := func(flag string, c cmdline.Choice) *string {
		if !line.Given(flag) {
			return nil
		}
		if c == "default" {
			return new("")
		}
		return new(string(c))
	}
	s.StoreSources, s.StoreResponses = mode("store-messages", f.StoreMessages), mode("store-responses", f.StoreResponses)
	seconds := func(flag string, d cmdline.Seconds) *float64 {
		if !line.Given(flag) {
			return nil
		}
		return new(time.Duration(d).Seconds())
	}
	s.MessageTTL, s.TopicTTL = seconds("message-ttl", f.MessageTTL), seconds("topic-ttl", f.TopicTTL)
	s.AckTimeout, s.NackDelay = seconds("ack-timeout", f.AckTimeout), seconds("nack-delay", f.NackDelay)
	if line.Given("max-redeliveries") {
		s.MaxRedeliveries = new(int(f.MaxRedeliveries))
	}
	if line.Given("dead-letter-topic") {
		s.DeadLetterTopic = &f.DeadLetterTopic
	}
	if line.Given("max-messages") {
		s.MaxMessages = new(int(f.MaxMessages))
	}
	if line.Given("max-bytes") {
		s.MaxBytes = new(int64(f.MaxBytes))
	}
	return s, nil
}

type topicCreateCommand struct {
	Topic string `arg:"" help:"Name of the topic, TENANT/NAMESPACE/NAME outside public/default."`
	topicFlags
	brokerAPI
}

func (c *topicCreateCommand) Run(ctx context.Context, s streams, line *cmdline.Result) error {
	settings, err := c.settings(line)
	if err != nil {
		return err
	}
	var topic brokerapi.Topic
	_, err = c.call(ctx, s, http.MethodPost, "/api/topics", brokerapi.NewTopic{Name: c.Topic, Settings: settings}, &topic)
	if err != nil || !bool(c.ShowInfo) {
		return err
	}
	return printTopic(s.out, &topic)
}

type topicSetCommand struct {
	Topic string `arg:"" help:"Name of the topic."`
	topicFlags
	brokerAPI
}

func (c *topicSetCommand) Run(ctx context.Context, s streams, line *cmdline.Result) error {
	settings, err := c.settings(line)
	if err != nil {
		return err
	}
	var topic brokerapi.Topic
	_, err = c.call(ctx, s, http.MethodPatch, topicPath(c.Topic), settings, &topic)
	if err != nil || !bool(c.ShowInfo) {
		return err
	}
	return printTopic(s.out, &topic)
}

type topicDeleteCommand struct {
	Topic string `arg:"" help:"Name of the topic."`
	brokerAPI
}

func (c *topicDeleteCommand) Run(ctx context.Context, s streams) error {
	_, err := c.call(ctx, s, http.MethodDelete, topicPath(c.Topic), nil, nil)
	return err
}

func topicPath(topic string) string { return "/api/topics/" + url.PathEscape(topic) }

// indented prints JSON for people to read.
func indented(w io.Writer, text []byte) error {
	var v any
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return errors.New("the broker's answer is no JSON")
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
