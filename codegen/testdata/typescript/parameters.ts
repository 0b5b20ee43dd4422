// Golden stub. Write it anew with: go test ./codegen -update
/**
 * Client of the backend on the topic parameters-topic.
 *
 * Made by dasf generate: make it anew rather than change it.
 */

/** The topic of the backend. */
export const topic = "parameters-topic";

export interface OwnArgs {
  self: number;
  request: number;
  model: number;
  cls: number;
  args: number;
  options: number;
  ctx: number;
  client: number;
  target: number;
  opts: number;
  value: number;
  context: number;
  backend_config: number;
  model_dump: number;
  model_name: number;
  schema: number;
  json: number;
  copy: number;
}

export interface AliasesArgs {
  "lat-lon": number;
  "2x": number;
  _hidden: number;
  __dunder__: number;
  model_: number;
  größe: number;
  ﬁle: number;
  日付: number;
  "a b": number;
  a_b: number;
  "": number;
  "😀": number;
  x2x: number;
  "named.by-hand": number;
}

export interface OrderArgs {
  /** @default 1 */
  first?: number;
  second: string;
  /** @default true */
  third?: boolean;
}

export interface LeftOutArgs {
  a: number;
  b?: string;
  c?: string | null;
  d: number | null;
}

export interface HiddenArgs {
  self: number;
  _request_base: number;
}

export interface HiddenPrivateArgs {
  _x: number;
}

export interface HiddenInitArgs {
  self: number;
}

/** A client of the backend. It connects at once, and again where it must. */
export class Client {
  constructor(options: Options = {}) {
    connected.set(this, new Connection({ ...defaults, ...options }));
  }

  /** Calls own. */
  async own(args: OwnArgs, options?: CallOptions): Promise<string> {
    const made = request({ func_name: "own" }, args, shapes.OwnArgs);
    return invoke(this, made, undefined, options);
  }

  /** Calls aliases. */
  async aliases(args: AliasesArgs, options?: CallOptions): Promise<string> {
    const made = request({ func_name: "aliases" }, args, shapes.AliasesArgs);
    return invoke(this, made, undefined, options);
  }

  /** Calls order. */
  async order(args: OrderArgs, options?: CallOptions): Promise<string> {
    const made = request({ func_name: "order" }, args, shapes.OrderArgs);
    return invoke(this, made, undefined, options);
  }

  /** Calls left_out. */
  async left_out(args: LeftOutArgs, options?: CallOptions): Promise<string> {
    const made = request({ func_name: "left_out" }, args, shapes.LeftOutArgs);
    return invoke(this, made, undefined, options);
  }

  /** Ends all calls and closes the connection. */
  close(): void {
    connected.get(this)?.close();
  }
}

/** The class Hidden of the backend. */
export class Hidden {
  private readonly client: Client;
  private readonly args: HiddenArgs;

  /** Makes an instance. Nothing is sent before a method is called. */
  constructor(client: Client, args: HiddenArgs) {
    this.client = client;
    this.args = args;
  }

  /** Calls _request_base. */
  async _request_base(options?: CallOptions): Promise<string> {
    const made = request({ func_name: "_request_base" }, {}, undefined);
    const whole = request(
      { class_name: "Hidden" },
      this.args,
      shapes.HiddenArgs,
      made,
    );
    return invoke(this.client, whole, undefined, options);
  }

  /** Calls _private. */
  async _private(
    args: HiddenPrivateArgs,
    options?: CallOptions,
  ): Promise<string> {
    const made = request(
      { func_name: "_private" },
      args,
      shapes.HiddenPrivateArgs,
    );
    const whole = request(
      { class_name: "Hidden" },
      this.args,
      shapes.HiddenArgs,
      made,
    );
    return invoke(this.client, whole, undefined, options);
  }

  /** Calls __init__. */
  async __init__(args: HiddenInitArgs, options?: CallOptions): Promise<string> {
    const made = request(
      { func_name: "__init__" },
      args,
      shapes.HiddenInitArgs,
    );
    const whole = request(
      { class_name: "Hidden" },
      this.args,
      shapes.HiddenArgs,
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
  AliasesArgs: {
    fields: {
      "lat-lon": "integer",
      "2x": "integer",
      _hidden: "integer",
      __dunder__: "integer",
      model_: "integer",
      größe: "integer",
      ﬁle: "integer",
      日付: "integer",
      "a b": "integer",
      a_b: "integer",
      "": "integer",
      "😀": "integer",
      x2x: "integer",
      "named.by-hand": "integer",
    },
  },
  HiddenArgs: {
    fields: {
      self: "integer",
      _request_base: "integer",
    },
  },
  HiddenInitArgs: {
    fields: {
      self: "integer",
    },
  },
  HiddenPrivateArgs: {
    fields: {
      _x: "integer",
    },
  },
  LeftOutArgs: {
    fields: {
      a: "integer",
      d: {
        optional: "number",
      },
    },
  },
  OrderArgs: {
    fields: {
      first: "integer",
    },
  },
  OwnArgs: {
    fields: {
      self: "integer",
      request: "integer",
      model: "integer",
      cls: "integer",
      args: "integer",
      options: "integer",
      ctx: "integer",
      client: "integer",
      target: "integer",
      opts: "integer",
      value: "integer",
      context: "integer",
      backend_config: "integer",
      model_dump: "integer",
      model_name: "integer",
      schema: "integer",
      json: "integer",
      copy: "integer",
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
