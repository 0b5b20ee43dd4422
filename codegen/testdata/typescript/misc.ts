// Golden stub. Write it anew with: go test ./codegen -update
/**
 * Client of the backend on the topic misc-topic.
 *
 * Made by dasf generate: make it anew rather than change it.
 */

/** The topic of the backend. */
export const topic = "misc-topic";

export interface FailArgs {
  /** @default "boom" */
  msg?: string;
}

export interface BigArgs {
  /** @default 3000000 */
  n?: number;
}

export interface SleepArgs {
  seconds: number;
  /** @default "" */
  tag?: string;
}

export interface EchoArgs {
  data: string;
}

/** A client of the backend. It connects at once, and again where it must. */
export class Client {
  constructor(options: Options = {}) {
    connected.set(this, new Connection({ ...defaults, ...options }));
  }

  /** A function that raises. */
  async fail(args: FailArgs = {}, options?: CallOptions): Promise<string> {
    const made = request({ func_name: "fail" }, args, undefined);
    return invoke(this, made, undefined, options);
  }

  /** Calls fail_empty. */
  async fail_empty(options?: CallOptions): Promise<string> {
    const made = request({ func_name: "fail_empty" }, {}, undefined);
    return invoke(this, made, undefined, options);
  }

  /** Return n bytes. */
  async big(args: BigArgs = {}, options?: CallOptions): Promise<string> {
    const made = request({ func_name: "big" }, args, shapes.BigArgs);
    return invoke(this, made, undefined, options);
  }

  /** Calls sleep. */
  async sleep(args: SleepArgs, options?: CallOptions): Promise<string> {
    const made = request({ func_name: "sleep" }, args, shapes.SleepArgs);
    return invoke(this, made, undefined, options);
  }

  /** Calls echo. */
  async echo(args: EchoArgs, options?: CallOptions): Promise<string> {
    const made = request({ func_name: "echo" }, args, undefined);
    return invoke(this, made, undefined, options);
  }

  /** Calls none. */
  async none(options?: CallOptions): Promise<unknown> {
    const made = request({ func_name: "none" }, {}, undefined);
    return invoke(this, made, undefined, options);
  }

  /** Calls wrong_return. */
  async wrong_return(options?: CallOptions): Promise<number> {
    const made = request({ func_name: "wrong_return" }, {}, undefined);
    return invoke(this, made, "integer", options);
  }

  /** Ends all calls and closes the connection. */
  close(): void {
    connected.get(this)?.close();
  }
}

// Here stands typescript/options.ts.tmpl.

const defaults: Options = {
  topic,
};

// The connections of clients, apart from the members that a backend names.
const connected = new WeakMap<Client, Connection>();

// What is to be changed in values, by the name of their type.
const shapes: Record<string, Shape> = {
  BigArgs: {
    fields: {
      n: "integer",
    },
  },
  SleepArgs: {
    fields: {
      seconds: "number",
    },
  },
};

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
