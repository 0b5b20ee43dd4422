// Golden stub. Write it anew with: go test ./codegen -update
/**
 * Client of the backend on the topic all-types-topic.
 *
 * Made by dasf generate: make it anew rather than change it.
 */

/** The topic of the backend. */
export const topic = "all-types-topic";

export type Color = "red" | "blue";

export type Level = 1 | 2;

/** An address. */
export interface Address {
  street: string;
  /**
   * House number
   * @default 1
   */
  number?: number;
  /** @default [] */
  tags?: string[];
}

export interface Person {
  name: string;
  address: Address;
  /** @format date */
  born?: string | null;
}

export interface AllTypesArgs {
  /** An integer. */
  i: number;
  /**
   * A float with a description
   * over two lines.
   */
  f: number;
  /** A bool. */
  b: boolean;
  /** A string. */
  s: string;
  /** Floats. */
  lf: number[];
  /** A mapping. */
  di: Record<string, number>;
  /** A color. */
  color: Color;
  level: Level;
  /** The mode. */
  mode: "fast" | "slow";
  /**
   * A date and time.
   * @format date-time
   */
  when: string;
  /**
   * A date.
   * @format date
   */
  day: string;
  /** A person. */
  person: Person;
  /** May be left out, by default None */
  opt?: string | null;
  /** @default 10 */
  m?: number;
  /** @default "hello" */
  greeting?: string;
  /** @default 1.5 */
  ratio?: number;
  /** @default true */
  flag?: boolean;
  /** @default ["a","b"] */
  names?: string[];
}

export interface NoAnnotationsArgs {
  a: unknown;
  /** @default 3 */
  b?: unknown;
}

export interface UnionsArgs {
  x: number | string;
  /** @default [1,"a"] */
  t?: [number, string];
  nested?: Record<string, Address[]> | null;
  anything?: unknown;
}

/** A client of the backend. It connects at once, and again where it must. */
export class Client {
  constructor(options: Options = {}) {
    connected.set(this, new Connection({ ...defaults, ...options }));
  }

  /**
   * Take all the types and give them back.
   *
   * A longer description of the function that
   * goes over two lines.
   *
   * @returns Everything that was given.
   */
  async all_types(
    args: AllTypesArgs,
    options?: CallOptions,
  ): Promise<Record<string, unknown>> {
    const made = request({ func_name: "all_types" }, args, shapes.AllTypesArgs);
    return invoke(this, made, undefined, options);
  }

  /** Calls no_annotations. */
  async no_annotations(
    args: NoAnnotationsArgs,
    options?: CallOptions,
  ): Promise<unknown> {
    const made = request({ func_name: "no_annotations" }, args, undefined);
    return invoke(this, made, undefined, options);
  }

  /** Calls unions. */
  async unions(
    args: UnionsArgs,
    options?: CallOptions,
  ): Promise<Person | null> {
    const made = request({ func_name: "unions" }, args, shapes.UnionsArgs);
    return invoke(this, made, shapes.UnionsResult, options);
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
  Address: {
    fields: {
      number: "integer",
    },
  },
  AllTypesArgs: {
    fields: {
      i: "integer",
      f: "number",
      lf: {
        list: "number",
      },
      di: {
        map: "integer",
      },
      person: () => shapes.Person,
      m: "integer",
      ratio: "number",
    },
  },
  Person: {
    fields: {
      address: () => shapes.Address,
    },
  },
  UnionsArgs: {
    fields: {
      x: {
        union: {
          0: "integer",
        },
      },
      t: {
        tuple: {
          0: "integer",
        },
      },
      nested: {
        optional: {
          map: {
            list: () => shapes.Address,
          },
        },
      },
    },
  },
  UnionsResult: {
    optional: () => shapes.Person,
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
