// Golden stub. Write it anew with: go test ./codegen -update
/**
 * Client of the backend on the topic keywords-topic.
 *
 * Made by dasf generate: make it anew rather than change it.
 */

/** The topic of the backend. */
export const topic = "keywords-topic";

export interface LambdaArgs {
  class: number;
  from: number;
  lambda: number;
  default: number;
  type: number;
  None: number;
  await: number;
  interface: number;
  func: number;
  range: number;
  delete: number;
  function: number;
  new: number;
  arguments: number;
}

export interface ClassArgs {
  import: number;
}

export interface PrintArgs {
  int: number;
  /** @default "a" */
  str?: string;
  len: number;
}

export interface SumArgs {
  max: number[];
}

export interface import_Args {
  global: number;
}

export interface import_ReturnArgs {
  yield: number;
}

export interface import_StrArgs {
  x: number;
}

export interface import_CallArgs {
  y: string;
}

/** A client of the backend. It connects at once, and again where it must. */
export class Client {
  constructor(options: Options = {}) {
    connected.set(this, new Connection({ ...defaults, ...options }));
  }

  /** Words that are reserved in one language or another. */
  async lambda(args: LambdaArgs, options?: CallOptions): Promise<string> {
    const made = request({ func_name: "lambda" }, args, shapes.LambdaArgs);
    return invoke(this, made, undefined, options);
  }

  /** Calls class. */
  async class(args: ClassArgs, options?: CallOptions): Promise<string> {
    const made = request({ func_name: "class" }, args, shapes.ClassArgs);
    return invoke(this, made, undefined, options);
  }

  /** Calls print. */
  async print(args: PrintArgs, options?: CallOptions): Promise<string> {
    const made = request({ func_name: "print" }, args, shapes.PrintArgs);
    return invoke(this, made, undefined, options);
  }

  /** Calls sum. */
  async sum(args: SumArgs, options?: CallOptions): Promise<number> {
    const made = request({ func_name: "sum" }, args, shapes.SumArgs);
    return invoke(this, made, "number", options);
  }

  /** Ends all calls and closes the connection. */
  close(): void {
    connected.get(this)?.close();
  }
}

/** The class import of the backend. */
export class import_ {
  private readonly client: Client;
  private readonly args: import_Args;

  /** Makes an instance. Nothing is sent before a method is called. */
  constructor(client: Client, args: import_Args) {
    this.client = client;
    this.args = args;
  }

  /** Calls return. */
  async return(
    args: import_ReturnArgs,
    options?: CallOptions,
  ): Promise<string> {
    const made = request(
      { func_name: "return" },
      args,
      shapes.import_ReturnArgs,
    );
    const whole = request(
      { class_name: "import" },
      this.args,
      shapes.import_Args,
      made,
    );
    return invoke(this.client, whole, undefined, options);
  }

  /** Calls str. */
  async str(args: import_StrArgs, options?: CallOptions): Promise<string> {
    const made = request({ func_name: "str" }, args, shapes.import_StrArgs);
    const whole = request(
      { class_name: "import" },
      this.args,
      shapes.import_Args,
      made,
    );
    return invoke(this.client, whole, undefined, options);
  }

  /** Calls constructor. */
  async constructor_(options?: CallOptions): Promise<string> {
    const made = request({ func_name: "constructor" }, {}, undefined);
    const whole = request(
      { class_name: "import" },
      this.args,
      shapes.import_Args,
      made,
    );
    return invoke(this.client, whole, undefined, options);
  }

  /** Calls call. */
  async call(args: import_CallArgs, options?: CallOptions): Promise<string> {
    const made = request({ func_name: "call" }, args, undefined);
    const whole = request(
      { class_name: "import" },
      this.args,
      shapes.import_Args,
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
  ClassArgs: {
    fields: {
      import: "integer",
    },
  },
  LambdaArgs: {
    fields: {
      class: "integer",
      from: "integer",
      lambda: "integer",
      default: "integer",
      type: "integer",
      None: "integer",
      await: "integer",
      interface: "integer",
      func: "integer",
      range: "integer",
      delete: "integer",
      function: "integer",
      new: "integer",
      arguments: "integer",
    },
  },
  PrintArgs: {
    fields: {
      int: "integer",
      len: "integer",
    },
  },
  SumArgs: {
    fields: {
      max: {
        list: "number",
      },
    },
  },
  import_Args: {
    fields: {
      global: "integer",
    },
  },
  import_ReturnArgs: {
    fields: {
      yield: "integer",
    },
  },
  import_StrArgs: {
    fields: {
      x: "integer",
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
