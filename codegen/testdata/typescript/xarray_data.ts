// Golden stub. Write it anew with: go test ./codegen -update
/**
 * Client of the backend on the topic xarray-topic.
 *
 * Made by dasf generate: make it anew rather than change it.
 */

/** The topic of the backend. */
export const topic = "xarray-topic";

export interface MeanDataArgs {
  /**
   * The input.
   * @format NetCDF in base64
   */
  ds: string;
}

/** A client of the backend. It connects at once, and again where it must. */
export class Client {
  constructor(options: Options = {}) {
    connected.set(this, new Connection({ ...defaults, ...options }));
  }

  /** Get a small dataset. */
  async get_data(options?: CallOptions): Promise<string> {
    const made = request({ func_name: "get_data" }, {}, undefined);
    return invoke(this, made, undefined, options);
  }

  /**
   * Mean over x.
   *
   * @returns The mean.
   */
  async mean_data(args: MeanDataArgs, options?: CallOptions): Promise<string> {
    const made = request({ func_name: "mean_data" }, args, undefined);
    return invoke(this, made, undefined, options);
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
