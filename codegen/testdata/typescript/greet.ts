// Golden stub. Write it anew with: go test ./codegen -update
/**
 * Client of the backend on the topic greet-topic.
 *
 * Made by dasf generate: make it anew rather than change it.
 */

/** The topic of the backend. */
export const topic = "greet-topic";

export interface GreetResponse {
  message: string;
  greetings: string[];
  /** @format date-time */
  greeting_time: string;
}

export interface HelloWorldArgs {
  message: string;
}

export interface HelloWorldGreetArgs {
  repeat: number;
  greet_message: string;
}

export interface HelloWorldRepeatMessageArgs {
  repeat: number;
}

export interface ComputeSumArgs {
  values: Record<string, number>;
}

/** A client of the backend. It connects at once, and again where it must. */
export class Client {
  constructor(options: Options = {}) {
    connected.set(this, new Connection({ ...defaults, ...options }));
  }

  /** Sum up the values. */
  async compute_sum(
    args: ComputeSumArgs,
    options?: CallOptions,
  ): Promise<number> {
    const made = request(
      { func_name: "compute_sum" },
      args,
      shapes.ComputeSumArgs,
    );
    return invoke(this, made, "number", options);
  }

  /** Ends all calls and closes the connection. */
  close(): void {
    connected.get(this)?.close();
  }
}

/** The class HelloWorld of the backend. */
export class HelloWorld {
  private readonly client: Client;
  private readonly args: HelloWorldArgs;

  /** Makes an instance. Nothing is sent before a method is called. */
  constructor(client: Client, args: HelloWorldArgs) {
    this.client = client;
    this.args = args;
  }

  /** Calls greet. */
  async greet(
    args: HelloWorldGreetArgs,
    options?: CallOptions,
  ): Promise<GreetResponse> {
    const made = request(
      { func_name: "greet" },
      args,
      shapes.HelloWorldGreetArgs,
    );
    const whole = request(
      { class_name: "HelloWorld" },
      this.args,
      undefined,
      made,
    );
    return invoke(this.client, whole, undefined, options);
  }

  /** Calls repeat_message. */
  async repeat_message(
    args: HelloWorldRepeatMessageArgs,
    options?: CallOptions,
  ): Promise<string[]> {
    const made = request(
      { func_name: "repeat_message" },
      args,
      shapes.HelloWorldRepeatMessageArgs,
    );
    const whole = request(
      { class_name: "HelloWorld" },
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
  ComputeSumArgs: {
    fields: {
      values: {
        map: "number",
      },
    },
  },
  HelloWorldGreetArgs: {
    fields: {
      repeat: "integer",
    },
  },
  HelloWorldRepeatMessageArgs: {
    fields: {
      repeat: "integer",
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
