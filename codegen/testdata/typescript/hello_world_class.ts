// Golden stub. Write it anew with: go test ./codegen -update
/**
 * Client of the backend on the topic hello-world-class-topic.
 *
 * Made by dasf generate: make it anew rather than change it.
 */

/** The topic of the backend. */
export const topic = "hello-world-class-topic";

export interface HelloWorldArgs {
  /** The message to repeat. */
  message: string;
}

export interface HelloWorldRepeatMessageArgs {
  /** How often to repeat. */
  repeat: number;
}

export interface HelloWorldUpperArgs {
  /** @default "!" */
  suffix?: string;
}

/** A client of the backend. It connects at once, and again where it must. */
export class Client {
  constructor(options: Options = {}) {
    connected.set(this, new Connection({ ...defaults, ...options }));
  }

  /** Ends all calls and closes the connection. */
  close(): void {
    connected.get(this)?.close();
  }
}

/** A class that repeats a message. */
export class HelloWorld {
  private readonly client: Client;
  private readonly args: HelloWorldArgs;

  /** Makes an instance. Nothing is sent before a method is called. */
  constructor(client: Client, args: HelloWorldArgs) {
    this.client = client;
    this.args = args;
  }

  /**
   * Repeat the message.
   *
   * @returns The repeated messages.
   */
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

  /** Calls upper. */
  async upper(
    args: HelloWorldUpperArgs = {},
    options?: CallOptions,
  ): Promise<string> {
    const made = request({ func_name: "upper" }, args, undefined);
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
