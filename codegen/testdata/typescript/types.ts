// Golden stub. Write it anew with: go test ./codegen -update
/**
 * Client of the backend on the topic types-topic.
 *
 * Made by dasf generate: make it anew rather than change it.
 */

/** The topic of the backend. */
export const topic = "types-topic";

export type Any = "" | "a b" | "1" | "a-b" | "a_b" | "None" | "mro" | "ü";

export interface List {
  items: Any[];
  model_kind: string;
  json: string;
  "lat-lon": number;
  /** @default "list" */
  class?: "list";
}

export type int = 1 | -2 | 3;

export interface Error_ {
  optional?: number;
  kind?: int;
}

export interface BackendModule {
  left?: BackendModule | null;
  data: Error_;
}

export interface Tree {
  [key: string]: Tree;
}

export interface Page_Address_ {
  next: string;
}

export interface Error2 {
  text: string;
}

export interface read_ {}

export interface ReadArgs {
  List: List;
  /** @default "a b" */
  any?: Any;
  module: BackendModule;
  tree: Tree;
  page: Page_Address_;
}

export interface OtherErrorArgs {
  e: Error2;
}

export interface ClientArgs {
  /** @default [1] */
  x?: int[];
}

export interface DatetimeArgs {
  /** @format date-time */
  when: string;
}

export interface OptionalArgs {
  tree?: Tree | null;
}

export interface OptionalReadArgs {
  empty: read_;
}

/** A client of the backend. It connects at once, and again where it must. */
export class Client {
  constructor(options: Options = {}) {
    connected.set(this, new Connection({ ...defaults, ...options }));
  }

  /** Calls read. */
  async read(args: ReadArgs, options?: CallOptions): Promise<List[]> {
    const made = request({ func_name: "read" }, args, shapes.ReadArgs);
    return invoke(this, made, shapes.ReadResult, options);
  }

  /** Calls other_error. */
  async other_error(
    args: OtherErrorArgs,
    options?: CallOptions,
  ): Promise<Error2> {
    const made = request({ func_name: "other_error" }, args, undefined);
    return invoke(this, made, undefined, options);
  }

  /** Calls Client. */
  async Client(args: ClientArgs = {}, options?: CallOptions): Promise<read_> {
    const made = request({ func_name: "Client" }, args, undefined);
    return invoke(this, made, undefined, options);
  }

  /** Calls datetime. */
  async datetime(args: DatetimeArgs, options?: CallOptions): Promise<string> {
    const made = request({ func_name: "datetime" }, args, undefined);
    return invoke(this, made, undefined, options);
  }

  /** Ends all calls and closes the connection. */
  close(): void {
    connected.get(this)?.close();
  }
}

/** The class Optional of the backend. */
export class Optional {
  private readonly client: Client;
  private readonly args: OptionalArgs;

  /** Makes an instance. Nothing is sent before a method is called. */
  constructor(client: Client, args: OptionalArgs = {}) {
    this.client = client;
    this.args = args;
  }

  /** Calls read. */
  async read(args: OptionalReadArgs, options?: CallOptions): Promise<string> {
    const made = request({ func_name: "read" }, args, undefined);
    const whole = request(
      { class_name: "Optional" },
      this.args,
      undefined,
      made,
    );
    return invoke(this.client, whole, undefined, options);
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
  BackendModule: {
    fields: {
      left: {
        optional: () => shapes.BackendModule,
      },
      data: () => shapes.Error_,
    },
  },
  Error_: {
    fields: {
      optional: "number",
    },
  },
  List: {
    fields: {
      "lat-lon": "number",
    },
    fixed: {
      class: "list",
    },
  },
  ReadArgs: {
    fields: {
      List: () => shapes.List,
      module: () => shapes.BackendModule,
    },
  },
  ReadResult: {
    list: () => shapes.List,
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
