package cli

import (
	"github.com/dasf-go/dasf/internal/cmdline"
)

// grammar is the command line of a backend. Names, short forms, defaults and
// choices are those of demessaging 0.6.4 (cli.py) where it has them.
type grammar struct {
	Help        cmdline.HelpFlag `short:"h" help:"Print this help, or that of a command, and exit."`
	Version     bool             `help:"Print the version of the program and exit."`
	Module      string           `short:"m" complete:"module" placeholder:"NAME" help:"Which module of the program to use, by its topic."`
	Description string           `short:"d" placeholder:"TEXT" field:"Config.Doc" help:"What the module is for, in place of its own description."`
	Debug       cmdline.Switch   `field:"Config.Debug" help:"Put the stack of a failure into the error that the client gets."`
	Members     []string         `many:"" complete:"member" placeholder:"MEMBER ..." help:"Offer only these members, up to the next flag, command or --."`

	cmdline.Connection
	Work    workFlags    `embed:""`
	Logging loggingFlags `embed:""`

	TestConnect testConnectCommand `cmd:"" help:"Connect to the broker in both directions and report the round trip."`
	Listen      listenCommand      `cmd:"" help:"Connect to the broker and answer requests."`
	Schema      schemaCommand      `cmd:"" help:"Print the JSON schema of the module's requests."`
	SendRequest sendRequestCommand `cmd:"" help:"Send a request through the broker and print the result."`
	Compute     computeCommand     `cmd:"" help:"Run a request here, without a broker, and print the result."`
	Shell       shellCommand       `cmd:"" help:"Call the module from a prompt."`
	Generate    generateCommand    `cmd:"" help:"Write the source of a client."`
	Completion  completionCommand  `cmd:"" help:"Print a completion script for a shell."`
}

// workFlags say how a backend works.
type workFlags struct {
	MaxWorkers     cmdline.Int     `group:"connection" min:"1" placeholder:"N" variable:"DE_BACKEND_MAX_WORKERS" field:"Config.Workers" help:"Requests handled at once. Default: 5 for each processor"`
	QueueSize      cmdline.Int     `name:"queue_size" group:"connection" min:"1" placeholder:"N" variable:"DE_BACKEND_QUEUE_SIZE" field:"Config.QueueSize" help:"Requests that may wait or run; at least --max-workers. Default: 10000"`
	MaxPayloadSize cmdline.Int     `name:"max_payload_size" group:"connection" min:"1" default:"512000" placeholder:"BYTES" variable:"DE_BACKEND_MAX_PAYLOAD_SIZE" field:"Config.MaxPayloadSize" help:"Longest response that is sent in one piece."`
	KeepAlive      cmdline.Seconds `name:"producer-keep-alive" group:"connection" min:"0" default:"120" placeholder:"SECONDS" variable:"DE_BACKEND_PRODUCER_KEEP_ALIVE" field:"Config.ProducerKeepAlive" help:"How long the connection to a client is kept after the last message; 0 closes it at once."`
	ConnectTimeout cmdline.Seconds `name:"producer-connection-timeout" group:"connection" min:"0.001" default:"30" placeholder:"SECONDS" variable:"DE_BACKEND_PRODUCER_CONNECTION_TIMEOUT" field:"Config.ProducerConnectionTimeout" help:"How long a response may take to reach the broker before it is given up."`

	Subscription       string          `group:"connection" placeholder:"NAME" variable:"DE_BACKEND_SUBSCRIPTION" field:"Config.Subscription" help:"Backends of one subscription share the requests. Default: dasf- and the topic"`
	SubscriptionType   cmdline.Choice  `group:"connection" default:"Shared" choices:"Shared,Exclusive,Failover" placeholder:"TYPE" variable:"DE_BACKEND_SUBSCRIPTION_TYPE" field:"Config.SubscriptionType" help:"How they share: Shared, Exclusive or Failover."`
	Ack                cmdline.Choice  `group:"connection" choices:"after-response,on-receipt" placeholder:"WHEN" variable:"DE_BACKEND_ACK" field:"Config.Ack" help:"When a request is acknowledged: after-response (it survives a crash) or on-receipt. Default: after-response where the broker delivers again"`
	MaxRedeliveries    cmdline.Int     `name:"max-redeliveries" group:"connection" min:"0" default:"2" placeholder:"N" variable:"DE_BACKEND_MAX_REDELIVERIES" field:"Config.MaxRedeliveries" help:"Refuse a request that was delivered more than so many times before and never answered; 0 never does."`
	CancelOnDisconnect cmdline.Switch  `name:"cancel-on-disconnect" group:"connection" variable:"DE_BACKEND_CANCEL_ON_DISCONNECT" field:"Config.CancelOnDisconnect" help:"Cancel the requests of a Go client or a generated stub that vanished: it was not heard of for 30 s."`
	Grace              cmdline.Seconds `group:"connection" min:"0" default:"30" placeholder:"SECONDS" variable:"DE_BACKEND_GRACE" field:"Config.Grace" help:"How long the requests in hand may go on after SIGINT or SIGTERM."`
}
