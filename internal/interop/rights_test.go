//go:build interop

package interop_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/broker"
	"github.com/dasf-go/dasf/internal/interop/peers"
)

// topicOptions are options of dasf_topic, and those of "dasf broker topic
// create", or set, that mean the same; empty where they are spelled alike.
var topicOptions = []struct{ theirs, ours string }{
	{"--new", "create"},
	{"-c bob", "set"},
	{"-p al", "set"},
	{"-vs vi", "set --view-status vi"},
	{"-c al -p bob", "set"},
	{"-rm -c al", "set --remove-permissions -c al"},
	{"--public", "set"},
	{"--no-public", "set"},
	{"--anonymous", "set"},
	{"--remove-permissions -c AnonymousUser", "set"},
	{"--no-dasf", "set"},
	{"--dasf", "set"},
	{"--store-messages store", "set"},
	{"--store-messages default", "set"},
}

// A topicState is what both can tell about a topic.
type topicState struct {
	Public, DASF                  bool
	Store                         string
	Consumers, Producers, Viewers []string
}

// djangoTopicStates runs dasf_topic with one list of options after the other,
// and prints the topic after each.
const djangoTopicStates = `
import json
from django.contrib.auth import get_user_model
from django.core.management import call_command
from dasf_broker.models import BrokerTopic
for name in ["bob", "al", "vi"]:
    get_user_model().objects.create(username=name)
names = lambda users: sorted(map(str, users))
states = []
for options in json.loads(%q):
    call_command("dasf_topic", "t", *options.split())
    t = BrokerTopic.objects.get(slug="t")
    states.append(dict(Public=t.is_public, DASF=t.supports_dasf, Store=t.store_messages or "",
        Consumers=names(t.consumers), Producers=names(t.producers), Viewers=names(t.status_viewers)))
print(json.dumps(states))
`

// TestTopicOptionsMeanTheSame runs dasf_topic and dasf broker topic side by side.
func TestTopicOptionsMeanTheSame(t *testing.T) {
	dasf := filepath.Join(t.TempDir(), "dasf")
	if out, err := exec.Command("go", "build", "-o", dasf, "github.com/dasf-go/dasf/cmd/dasf").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	dir := t.TempDir()
	django := lab.StartDjango(t, peers.DjangoOptions{})
	var options []string
	for _, o := range topicOptions {
		options = append(options, o.theirs)
	}
	text, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	var want []topicState
	if err := json.Unmarshal([]byte(django.Run(t, fmt.Sprintf(djangoTopicStates, text))), &want); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) []byte {
		t.Helper()
		cmd := exec.Command(dasf, append(append([]string{"broker", "topic"}, args...), "--state-dir", dir)...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%q: %v\n%s", args, err, out)
		}
		return out
	}
	for i, o := range topicOptions {
		our := strings.Fields(o.ours)
		if len(our) == 1 && o.theirs != "--new" {
			our = append(our, strings.Fields(o.theirs)...)
		}
		run(slices.Insert(our, 1, "t")...)
		var shown struct{ Settings map[string]any }
		if err := json.Unmarshal(run("show", "t", "--json"), &shown); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want[i], stateOf(shown.Settings)); diff != "" {
			t.Errorf("after dasf_topic %s and dasf broker topic %s (-django +dasf):\n%s", o.theirs, strings.Join(our, " "), diff)
		}
	}
}

func stateOf(settings map[string]any) topicState {
	names := func(key string) []string {
		list := []string{}
		for _, x := range settings[key].([]any) {
			list = append(list, x.(string))
		}
		slices.Sort(list)
		return list
	}
	store, _ := settings["store_sources"].(string)
	return topicState{
		Public: settings["public"].(bool), DASF: settings["dasf"].(bool), Store: store,
		Consumers: names("consumers"), Producers: names("producers"), Viewers: names("viewers"),
	}
}

// rightsSite makes users with tokens and a topic for each of the rights, and
// tells the tokens and what each user may consume.
const rightsSite = `
import json
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.management import call_command
from guardian.shortcuts import get_anonymous_user
from rest_framework.authtoken.models import Token
from dasf_broker.models import BrokerTopic
permission = lambda name: Permission.objects.get(content_type__app_label="dasf_broker", codename=name)
get_anonymous_user().user_permissions.clear()
users = {name: get_user_model().objects.create(username=name) for name in ["backend", "client", "viewer", "other", "creator", "watcher", "root"]}
users["creator"].user_permissions.add(permission("add_brokertopic"))
users["watcher"].user_permissions.add(permission("can_view_status"))
users["root"].is_superuser = True
users["root"].save()
call_command("dasf_topic", "t", "-n", "-c", "backend", "-p", "client", "-vs", "viewer")
call_command("dasf_topic", "public", "-n", "-c", "backend", "--public")
call_command("dasf_topic", "anonymous", "-n", "--anonymous")
tokens = {name: Token.objects.create(user=user).key for name, user in users.items()}
users[""] = get_anonymous_user()
may = {}
for slug in ["t", "public", "anonymous"]:
    topic = BrokerTopic.objects.get(slug=slug)
    # consumers.py, dasf_message
    may[slug] = {name: get_user_model().objects.get(pk=user.pk).has_perm("dasf_broker.can_consume", topic) for name, user in users.items()}
print(json.dumps(dict(Tokens=tokens, MayConsume=may)))
`

// TestRightsAreThoseOfDjango asks both brokers who may do what, with the tokens
// that the Django broker made.
func TestRightsAreThoseOfDjango(t *testing.T) {
	django := lab.StartDjango(t, peers.DjangoOptions{})
	var site struct {
		Tokens     map[string]string
		MayConsume map[string]map[string]bool
	}
	if err := json.Unmarshal([]byte(django.Run(t, rightsSite)), &site); err != nil {
		t.Fatal(err)
	}
	accounts, err := broker.OpenAccounts(broker.AccountsConfig{File: filepath.Join(t.TempDir(), "users.json")})
	if err != nil {
		t.Fatal(err)
	}
	for user, token := range site.Tokens {
		if _, _, err := accounts.CreateToken(broker.NewToken{
			User: user, Secret: token, Admin: user == "root", CreateTopics: user == "creator", ViewStatus: user == "watcher",
		}); err != nil {
			t.Fatal(err)
		}
	}
	b, err := broker.New(broker.Config{Authenticator: accounts, Logger: newLog(t, "broker")})
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]broker.Rights{
		"t":         {Consumers: []string{"backend"}, Producers: []string{"client"}, Viewers: []string{"viewer"}},
		"public":    {Consumers: []string{"backend"}, Public: true},
		"anonymous": {Consumers: []string{broker.AnonymousUser}, Public: true},
	} {
		if err := b.CreateTopic(name, broker.TopicSettings{Rights: r}); err != nil {
			t.Fatal(err)
		}
	}
	embedded := serveBroker(t, b, "")
	users := []string{"backend", "client", "viewer", "other", "creator", "watcher", "root", ""}
	for _, user := range users {
		theirs, ours := django.Endpoint.As(site.Tokens[user]), embedded.As(site.Tokens[user])
		for _, topic := range []string{"t", "public", "anonymous"} {
			if want, got := mayProduce(t, theirs, topic), mayProduce(t, ours, topic); want != got {
				t.Errorf("%q may produce to %s: %v, in the Django broker %v", user, topic, got, want)
			}
			want := site.MayConsume[topic][user]
			if got := mayConnect(t, ours, ours.ConsumerURL(topic, "s")); want != got {
				t.Errorf("%q may consume %s: %v, in the Django broker %v", user, topic, got, want)
			}
			// A page needs a session there, a token here, so that only the rule
			// for those without either is compared.
			if user == "" {
				if want, got := maySee(t, theirs, "/dasf/"+topic+"/status/"), maySee(t, ours, "/"+topic+"/status/"); want != got {
					t.Errorf("%q may see the status of %s: %v, in the Django broker %v", user, topic, got, want)
				}
			}
		}
		fresh := lab.Topic("fresh")
		if want, got := mayProduce(t, theirs, fresh), mayProduce(t, ours, fresh); want != got {
			t.Errorf("%q may create a topic: %v, in the Django broker %v", user, got, want)
		}
	}
	// A wrong token: nobody there, no entry here.
	if !mayProduce(t, django.Endpoint.As(strings.Repeat("0", 40)), "public") {
		t.Error("the Django broker does not take a wrong token for nobody's: take this from the list of differences")
	}
	if mayConnect(t, embedded, embedded.ProducerURL("t")) {
		t.Error("the embedded broker lets nobody produce to t")
	}
	if mayProduce(t, embedded.As(strings.Repeat("0", 40)), "public") {
		t.Error("the embedded broker takes a wrong token for nobody's")
	}
}

// mayConnect reports whether a handshake succeeds; 401 and 403 are the only
// other answers.
func mayConnect(t *testing.T, at peers.Endpoint, url string) bool {
	t.Helper()
	ws, resp, err := websocket.DefaultDialer.DialContext(within(t), url, at.Header())
	if err == nil {
		ws.Close()
		return true
	}
	if resp == nil || resp.StatusCode != http.StatusUnauthorized && resp.StatusCode != http.StatusForbidden {
		t.Fatalf("%s: %v", url, err)
	}
	return false
}

// mayProduce reports whether a message is taken. The Django broker says no with
// an acknowledgement, the embedded one at the handshake.
func mayProduce(t *testing.T, at peers.Endpoint, topic string) bool {
	t.Helper()
	if at.Name == "embedded" && !mayConnect(t, at, at.ProducerURL(topic)) {
		return false
	}
	ws, _, err := websocket.DefaultDialer.DialContext(within(t), at.ProducerURL(topic), at.Header())
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	if err := ws.WriteMessage(websocket.TextMessage, []byte(`{"properties": {}, "payload": "", "context": "1"}`)); err != nil {
		t.Fatal(err)
	}
	var ack struct{ Result string }
	if err := ws.ReadJSON(&ack); err != nil {
		t.Fatal(err)
	}
	if ack.Result != "ok" && !strings.Contains(ack.Result, "not allowed") {
		t.Fatalf("an acknowledgement with %q", ack.Result)
	}
	return ack.Result == "ok"
}

// maySee reports whether a page is shown; Django sends who may not to its login.
func maySee(t *testing.T, at peers.Endpoint, path string) bool {
	t.Helper()
	req, err := http.NewRequestWithContext(within(t), http.MethodGet, "http://"+at.Addr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK, http.StatusServiceUnavailable:
		return true
	case http.StatusFound, http.StatusUnauthorized, http.StatusForbidden:
		return false
	}
	t.Fatalf("%s: %s", path, resp.Status)
	return false
}
