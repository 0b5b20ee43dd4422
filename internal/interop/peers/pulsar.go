package peers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/gorilla/websocket"
)

// pulsarStarts is how often a start is tried: a port that was free may be taken
// by the time that the Java machine asks for it.
const pulsarStarts = 3

// pulsarFlags are the Java machine's. The packages are those that Pulsar's own
// start script opens; a test needs no more memory than this.
var pulsarFlags = []string{
	"-Xms256m", "-Xmx1g", "-XX:MaxDirectMemorySize=512m", "-XX:+UseG1GC", "-XX:+ExitOnOutOfMemoryError",
	"--add-opens=java.base/java.io=ALL-UNNAMED",
	"--add-opens=java.base/java.nio=ALL-UNNAMED",
	"--add-opens=java.base/java.util.zip=ALL-UNNAMED",
	"--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
	"--add-opens=java.base/jdk.internal.platform=ALL-UNNAMED",
	"--add-opens=java.base/sun.net=ALL-UNNAMED",
	"--add-opens=java.management/sun.management=ALL-UNNAMED",
	"-Djava.net.preferIPv4Stack=true",
	"-Dio.netty.tryReflectionSetAccessible=true",
	"-Dotel.sdk.disabled=true",
	"-Dlog4j2.is.webapp=false",
	"-Dlog4j.shutdownHookEnabled=false",
}

// PulsarOptions says what is different from a plain standalone broker.
type PulsarOptions struct {
	Settings map[string]string // added to standalone.conf
	State    string            // a folder with the data of an earlier instance, for a restart
	Addr     string            // host:port of an earlier instance, for a restart
}

// A Pulsar is a running Apache Pulsar: broker, bookie and WebSocket service in one process.
type Pulsar struct {
	*Process
	Addr  string // of the web service, which serves /ws/v2 too
	State string // the folder with the data
}

// Endpoint returns the endpoint for persistent or non-persistent topics.
func (p *Pulsar) Endpoint(persistent string) Endpoint { return pulsarEndpoint(p.Addr, persistent) }

func pulsarEndpoint(addr, persistent string) Endpoint {
	return Endpoint{Name: "pulsar-" + persistent, Addr: addr, Persistent: persistent}
}

// Pulsar returns the endpoint, for "persistent" or "non-persistent" topics, of
// the Pulsar that the tests share.
func (l *Lab) Pulsar(t testing.TB, persistent string) Endpoint {
	t.Helper()
	e := l.pulsar.get(t, func() (*Process, Endpoint, error) {
		p, err := l.LaunchPulsar(PulsarOptions{})
		if err != nil {
			return nil, Endpoint{}, err
		}
		return p.Process, p.Endpoint("non-persistent"), nil
	})
	return pulsarEndpoint(e.Addr, persistent)
}

// StartPulsar starts a Pulsar that ends with the test.
func (l *Lab) StartPulsar(t testing.TB, o PulsarOptions) *Pulsar {
	t.Helper()
	p, err := l.LaunchPulsar(o)
	if err != nil {
		t.Fatal(err)
	}
	p.stopAfter(t)
	return p
}

// LaunchPulsar starts a Pulsar that the caller stops.
func (l *Lab) LaunchPulsar(o PulsarOptions) (*Pulsar, error) {
	state := o.State
	if state == "" {
		var err error
		if state, err = l.folder("pulsar"); err != nil {
			return nil, err
		}
	}
	var errs []error
	for range pulsarStarts {
		p, err := l.tryPulsar(state, o)
		if err == nil {
			return p, nil
		}
		errs = append(errs, err)
		if !strings.Contains(err.Error(), "Address already in use") {
			break
		}
	}
	return nil, fmt.Errorf("starting Pulsar: %w", errors.Join(errs...))
}

func (l *Lab) tryPulsar(state string, o PulsarOptions) (*Pulsar, error) {
	web := o.Addr
	if web == "" {
		var err error
		if web, err = freeAddr(); err != nil {
			return nil, err
		}
	}
	argv, err := l.pulsarCommand(state, web, o.Settings)
	if err != nil {
		return nil, err
	}
	process, err := start(command{name: "pulsar", argv: argv, dir: state})
	if err != nil {
		return nil, err
	}
	p := &Pulsar{Process: process, Addr: web, State: state}
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	if err := poll(ctx, process, p.ready); err != nil {
		return nil, joinKill(err, process)
	}
	return p, nil
}

// pulsarCommand writes the configuration and returns the command line.
func (l *Lab) pulsarCommand(state, web string, settings map[string]string) ([]string, error) {
	binary, err := freeAddr()
	if err != nil {
		return nil, err
	}
	bookie, err := freeAddr()
	if err != nil {
		return nil, err
	}
	temp := filepath.Join(state, "tmp")
	if err := os.MkdirAll(temp, 0o700); err != nil {
		return nil, err
	}
	conf, err := pulsarConf(map[string]any{
		"Web": port(web), "Binary": port(binary), "Temp": temp, "Loopback": loopbackDevice(),
	}, settings)
	if err != nil {
		return nil, err
	}
	confPath, logPath := filepath.Join(state, "standalone.conf"), filepath.Join(state, "log4j2.xml")
	if err := os.WriteFile(confPath, conf, 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(logPath, embedded("pulsar/log4j2.xml"), 0o600); err != nil {
		return nil, err
	}
	argv := append([]string{"java", "-cp", filepath.Join(l.installed[pulsarJars.name], "*")}, pulsarFlags...)
	return append(argv,
		"-Djava.io.tmpdir="+temp, "-Dlog4j.configurationFile="+logPath,
		"org.apache.pulsar.PulsarStandaloneStarter", "--config", confPath,
		"--no-functions-worker", "--no-stream-storage", "--advertised-address", "127.0.0.1",
		"--bookkeeper-port", port(bookie),
		"--metadata-dir", filepath.Join(state, "metadata"),
		"--bookkeeper-dir", filepath.Join(state, "bookkeeper"),
		"--zookeeper-dir", filepath.Join(state, "zookeeper"),
	), nil
}

// pulsarConf fills the template. A setting that is there already is replaced:
// the bookie would read a key that comes twice as a list.
func pulsarConf(values map[string]any, settings map[string]string) ([]byte, error) {
	t, err := template.New("standalone.conf").Parse(string(embedded("pulsar/standalone.conf.tmpl")))
	if err != nil {
		return nil, err
	}
	var filled bytes.Buffer
	if err := t.Execute(&filled, values); err != nil {
		return nil, err
	}
	var conf bytes.Buffer
	for line := range strings.Lines(filled.String()) {
		key, _, _ := strings.Cut(line, "=")
		if _, replaced := settings[key]; !replaced {
			conf.WriteString(line)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(&conf, "%s=%s\n", key, settings[key])
	}
	return conf.Bytes(), nil
}

func port(addr string) string {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		panic("peers: " + addr + " is no host:port")
	}
	return port
}

func loopbackDevice() string {
	if runtime.GOOS == "linux" {
		return "lo"
	}
	return "lo0"
}

// ready makes one round trip. The namespace public/default is made last, so an
// open port, or even an answering web service, is no sign that Pulsar works.
func (p *Pulsar) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := p.hasNamespace(ctx); err != nil {
		return err
	}
	e := p.Endpoint("non-persistent")
	consumer, _, err := websocket.DefaultDialer.DialContext(ctx, e.ConsumerURL("readiness", "probe"), nil)
	if err != nil {
		return err
	}
	defer consumer.Close()
	producer, _, err := websocket.DefaultDialer.DialContext(ctx, e.ProducerURL("readiness"), nil)
	if err != nil {
		return err
	}
	defer producer.Close()
	if err := producer.WriteMessage(websocket.TextMessage, []byte(`{"payload":""}`)); err != nil {
		return err
	}
	if err := consumer.SetReadDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return err
	}
	_, _, err = consumer.ReadMessage()
	return err
}

func (p *Pulsar) hasNamespace(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.Addr+"/admin/v2/namespaces/public", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var names []string
	if resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden {
		return nil // a broker that wants tokens; the round trip tells
	}
	if err := json.NewDecoder(resp.Body).Decode(&names); err != nil {
		return fmt.Errorf("listing namespaces: %s: %w", resp.Status, err)
	}
	if !slices.Contains(names, "public/default") {
		return errors.New("the namespace public/default is not there yet")
	}
	return nil
}

// joinKill ends a process that did not become ready.
func joinKill(err error, p *Process) error { return errors.Join(err, p.Kill()) }

// PulsarTokens runs "pulsar tokens" in a folder and returns the last line that it
// prints, which is the token where there is one.
func (l *Lab) PulsarTokens(t testing.TB, dir string, args ...string) string {
	t.Helper()
	argv := append([]string{
		"-cp", filepath.Join(l.installed[pulsarJars.name], "*"), "org.apache.pulsar.utils.auth.tokens.TokensCliUtils",
	}, args...)
	cmd := exec.Command("java", argv...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("pulsar tokens %q: %v\n%s", args, err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}
