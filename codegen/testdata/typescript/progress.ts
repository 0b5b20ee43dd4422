// Golden stub. Write it anew with: go test ./codegen -update
/**
 * Client of the backend on the topic progress-topic.
 *
 * Made by dasf generate: make it anew rather than change it.
 */

/** The topic of the backend. */
export const topic = "progress-topic";

export interface RunStepsArgs {
  /**
   * Number of steps.
   * @default 2
   */
  n?: number;
  /** @default 0.1 */
  delay?: number;
  /**
   * The report.
   * @default {"settings":{"show_method":"AUTO","use_curses":true},"report_id":"root","status":"running","step_message":"Running steps","steps":2,"children":[],"report_type":"tree"}
   */
  reporter?: Partial<ProgressReport> | null;
}

export interface ReportFailArgs {
  /** @default {"settings":{"show_method":"AUTO","use_curses":true},"report_id":"root","status":"running","step_message":"Failing","steps":0,"children":[],"report_type":"tree"} */
  reporter?: Partial<ProgressReport> | null;
}

/** A client of the backend. It connects at once, and again where it must. */
export class Client {
  constructor(options: Options = {}) {
    connected.set(this, new Connection({ ...defaults, ...options }));
  }

  /** Run some steps and report. */
  async run_steps(
    args: RunStepsArgs = {},
    options?: CallOptions,
  ): Promise<string> {
    const made = request({ func_name: "run_steps" }, args, shapes.RunStepsArgs);
    return invoke(this, made, undefined, options);
  }

  /** Calls report_fail. */
  async report_fail(
    args: ReportFailArgs = {},
    options?: CallOptions,
  ): Promise<string> {
    const made = request({ func_name: "report_fail" }, args, undefined);
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

// What is to be changed in values, by the name of their type.
const shapes: Record<string, Shape> = {
  RunStepsArgs: {
    fields: {
      n: "integer",
      delay: "number",
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
