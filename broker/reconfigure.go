package broker

import "slices"

// liveConfig is what of a Config can change while the broker runs.
type liveConfig struct {
	origins      []string
	create       CreatePolicy
	userSockets  int
	userMessages int
	userBytes    int64
}

func (c *Config) live() *liveConfig {
	return &liveConfig{
		origins: slices.Clone(c.Origins), create: c.Create,
		userSockets: c.UserSockets, userMessages: c.UserMessages, userBytes: c.UserBytes,
	}
}

// Reconfigure has a running broker take Origins, Create, UserSockets,
// UserMessages and UserBytes from c. It returns the names of the other fields
// that differ from those the broker has: they take a new broker. Logger and
// Authenticator are not looked at. After an error nothing has changed. Sockets
// that are open stay, whatever their page or number.
func (b *Broker) Reconfigure(c Config) (left []string, err error) {
	c, err = c.withDefaults()
	if err != nil {
		return nil, err
	}
	live := c.live()
	b.live.Store(live)
	b.usages.mu.Lock()
	for _, g := range b.usages.user {
		g.bound(live, c.MaxMessage)
	}
	b.usages.mu.Unlock()
	was := &b.config
	for _, f := range []struct {
		name    string
		was, is any
	}{
		{"Dir", was.Dir, c.Dir}, {"MaxDisk", was.MaxDisk, c.MaxDisk},
		{"StoreSources", was.StoreSources, c.StoreSources}, {"StoreResponses", was.StoreResponses, c.StoreResponses},
		{"MaxMessage", was.MaxMessage, c.MaxMessage}, {"MaxBytes", was.MaxBytes, c.MaxBytes},
		{"QueueMessages", was.QueueMessages, c.QueueMessages}, {"QueueBytes", was.QueueBytes, c.QueueBytes},
		{"KeptMessages", was.KeptMessages, c.KeptMessages}, {"KeptBytes", was.KeptBytes, c.KeptBytes},
		{"KeptAge", was.KeptAge, c.KeptAge}, {"AnswerAge", was.AnswerAge, c.AnswerAge},
		{"SubscriptionIdle", was.SubscriptionIdle, c.SubscriptionIdle}, {"Prefetch", was.Prefetch, c.Prefetch},
		{"MaxTopics", was.MaxTopics, c.MaxTopics}, {"MaxSubscriptions", was.MaxSubscriptions, c.MaxSubscriptions},
		{"MaxSockets", was.MaxSockets, c.MaxSockets}, {"UserTopics", was.UserTopics, c.UserTopics}, {"PingInterval", was.PingInterval, c.PingInterval},
		{"PongTimeout", was.PongTimeout, c.PongTimeout}, {"WriteTimeout", was.WriteTimeout, c.WriteTimeout},
		{"StatusInterval", was.StatusInterval, c.StatusInterval},
	} {
		if f.was != f.is {
			left = append(left, f.name)
		}
	}
	return left, nil
}
