// Golden stub. Write it anew with: go test ./codegen -update
/**
 * Client of the backend on the topic empty-topic.
 *
 * Made by dasf generate: make it anew rather than change it.
 */

/** The topic of the backend. */
export const topic = "empty-topic";

/** A client of the backend. It connects at once, and again where it must. */
export class Client {
  constructor(options: Options = {}) {
    connected.set(this, new Connection({ ...defaults, ...options }));
  }

  /** Calls ping. */
  async ping(options?: CallOptions): Promise<string> {
    const made = request({ func_name: "ping" }, {}, undefined);
    return invoke(this, made, undefined, options);
  }

  /** Calls nothing. */
  async nothing(options?: CallOptions): Promise<null> {
    const made = request({ func_name: "nothing" }, {}, undefined);
    return invoke(this, made, undefined, options);
  }

  /** Ends all calls and closes the connection. */
  close(): void {
    connected.get(this)?.close();
  }
}

/** The class Empty of the backend. */
export class Empty {
  private readonly client: Client;
  private readonly args: Record<string, never>;

  /** Makes an instance. Nothing is sent before a method is called. */
  constructor(client: Client) {
    this.client = client;
    this.args = {};
  }

  /** Calls ping. */
  async ping(options?: CallOptions): Promise<string> {
    const made = request({ func_name: "ping" }, {}, undefined);
    const whole = request({ class_name: "Empty" }, this.args, undefined, made);
    return invoke(this.client, whole, undefined, options);
  }
}

// Here stands typescript/options.ts.tmpl.

const defaults: Options = {
  topic,
};

// The connections of clients, apart from the members that a backend names.
const connected = new WeakMap<Client, Connection>();

// Writes a request: the name of a member, its arguments, and for a class the
// request to one of its methods.
function request(
  name: Record<string, string>,
  args: object,
  shape: Shape,
  method?: string,
): string {
  const parts = [JSON.stringify(name), write(args, shape, "", false)];
  if (method !== undefined) parts.push(`{"function":${method}}`);
  const filled = parts.filter((part) => part !== "{}");
  return `{${filled.map((part) => part.slice(1, -1)).join(",")}}`;
}

async function invoke<Result>(
  client: Client,
  made: string,
  shape: Shape,
  options: CallOptions = {},
): Promise<Result> {
  const connection = connected.get(client) as Connection;
  const text = await connection.call(made, options);
  return revive(read(text), shape, "") as Result;
}

// Here stands typescript/json.ts.tmpl.

// Here stands typescript/socket.ts.tmpl.

// Here stands typescript/connection.ts.tmpl.
