// Golden stub. Write it anew with: go test ./codegen -update
/**
 * Client of the backend on the topic values-topic.
 *
 * Made by dasf generate: make it anew rather than change it.
 */

/** The topic of the backend. */
export const topic = "values-topic";

export interface Cat {
  kind: "cat";
  /** @default 9 */
  lives?: number;
}

export interface Dog {
  kind: "dog";
  name: string;
}

export interface O {
  in_place: number;
}

export interface FormatsArgs {
  /**
   * @format date-time
   * @default "2024-02-29T12:30:15.5+01:00"
   */
  date_time?: string;
  /**
   * @format date
   * @default "2024-02-29"
   */
  date?: string;
  /**
   * @format time
   * @default "12:30:00"
   */
  time?: string;
  /**
   * @format duration
   * @default "P1DT2H0.5S"
   */
  duration?: string;
  /**
   * @format uuid
   * @default "00000000-0000-0000-0000-000000000001"
   */
  uuid?: string;
  /**
   * @format path
   * @default "a/b"
   */
  path?: string;
  /**
   * @format binary
   * @default "hi\"\n"
   */
  binary?: string;
  /**
   * @format base64
   * @default "aGk="
   */
  base64?: string;
  /**
   * @format ipv4
   * @default "127.0.0.1"
   */
  ipv4?: string;
  /**
   * @format uri
   * @default "https://example.org/"
   */
  uri?: string;
  /**
   * @format email
   * @default "a@b.c"
   */
  email?: string;
  /**
   * @format password
   * @default "x"
   */
  password?: string;
}

export type FormatsResult = [
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
];

export interface NumbersArgs {
  /** @default 9007199254740993 */
  big?: number;
  /** @default 1 */
  wide?: bigint;
  /** @default 1e-07 */
  tiny?: number;
  /** @default 1e+16 */
  huge?: number;
  /** @default 0.5 */
  half?: number;
  /** @default [[1,2.5],[]] */
  grid?: number[][];
  points: Record<string, number>;
}

export interface UnionsArgs {
  u: number | string;
  l?: "a" | 1 | null;
  s?: string | null;
  /** @default {"kind":"dog","name":"Rex"} */
  k?: Cat | Dog;
  /** @default [1] */
  t?: [number];
  /** @default [] */
  e?: [];
  f: true;
  i: number[];
  /** @default {"2024-02-29":1} */
  key?: Record<string, number>;
  o: O;
}

export type UnionsResult = Cat | Dog | (number | null)[] | null;

export interface DatasetsArgs {
  /** @format NetCDF in base64 */
  ds: string;
  more: string[];
}

/** A client of the backend. It connects at once, and again where it must. */
export class Client {
  constructor(options: Options = {}) {
    connected.set(this, new Connection({ ...defaults, ...options }));
  }

  /** Calls formats. */
  async formats(
    args: FormatsArgs = {},
    options?: CallOptions,
  ): Promise<FormatsResult> {
    const made = request({ func_name: "formats" }, args, undefined);
    return invoke(this, made, undefined, options);
  }

  /** Calls numbers. */
  async numbers(
    args: NumbersArgs,
    options?: CallOptions,
  ): Promise<Record<string, number[]>> {
    const made = request({ func_name: "numbers" }, args, shapes.NumbersArgs);
    return invoke(this, made, shapes.NumbersResult, options);
  }

  /** Calls unions. */
  async unions(args: UnionsArgs, options?: CallOptions): Promise<UnionsResult> {
    const made = request({ func_name: "unions" }, args, shapes.UnionsArgs);
    return invoke(this, made, shapes.UnionsResult, options);
  }

  /** Calls datasets. */
  async datasets(
    args: DatasetsArgs,
    options?: CallOptions,
  ): Promise<string | null> {
    const made = request({ func_name: "datasets" }, args, undefined);
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
  Cat: {
    fields: {
      lives: "integer",
    },
    fixed: {
      kind: "cat",
    },
  },
  NumbersArgs: {
    fields: {
      big: "integer",
      wide: "bigint",
      tiny: "number",
      huge: "number",
      half: "number",
      grid: {
        list: {
          list: "number",
        },
      },
      points: {
        map: "number",
      },
    },
  },
  NumbersResult: {
    map: {
      list: "number",
    },
  },
  O: {
    fields: {
      in_place: "integer",
    },
  },
  UnionsArgs: {
    fields: {
      u: {
        union: {
          0: "number",
        },
      },
      k: {
        union: {
          0: () => shapes.Cat,
        },
      },
      t: {
        tuple: {
          0: "integer",
        },
      },
      i: {
        list: "integer",
      },
      key: {
        map: "integer",
      },
      o: () => shapes.O,
    },
    fixed: {
      f: true,
    },
  },
  UnionsResult: {
    optional: {
      union: {
        0: () => shapes.Cat,
        2: {
          list: {
            optional: "number",
          },
        },
      },
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
