// Golden stub. Write it anew with: go test ./codegen -update
/**
 * Client of the backend on the topic texts-topic.
 *
 * Made by dasf generate: make it anew rather than change it.
 */

/** The topic of the backend. */
export const topic = "texts-topic";

export interface QuotesArgs {
  /** Ends with a quote: " */
  a: string;
  /**
   * """
   * @default "say \"hi\""
   */
  b?: string;
  /**
   * C:\new\table and \
   * @default "it's \"both\"\\"
   */
  c?: string;
  /** *\/ ends a comment, ${x} and `y` do not */
  d: string;
}

export interface LettersArgs {
  /**
   * Größe in µm, 日本語, emoji 😀.
   * @default "größe 日本 😀 \t\u0000"
   */
  a?: string;
}

export interface SectionsArgs {
  /**
   * First line.
   *
   * After a gap:
   *
   * - one
   * - two
   */
  x: number;
}

export interface CommentArgs {
  /**
   * //go:build ignore
   * // +build x
   */
  a: number;
}

/** A client of the backend. It connects at once, and again where it must. */
export class Client {
  constructor(options: Options = {}) {
    connected.set(this, new Connection({ ...defaults, ...options }));
  }

  /**
   * """Triple quotes""" and a backslash: \n.
   * Ends with \
   */
  async quotes(args: QuotesArgs, options?: CallOptions): Promise<string> {
    const made = request({ func_name: "quotes" }, args, undefined);
    return invoke(this, made, undefined, options);
  }

  /**
   * Straße über	Tabs
   *
   *
   *     indented
   * 	tab
   * windows form feed
   */
  async letters(
    args: LettersArgs = {},
    options?: CallOptions,
  ): Promise<string> {
    const made = request({ func_name: "letters" }, args, undefined);
    return invoke(this, made, undefined, options);
  }

  /** "Quoted" at the start */
  async quoted(options?: CallOptions): Promise<string> {
    const made = request({ func_name: "quoted" }, {}, undefined);
    return invoke(this, made, undefined, options);
  }

  /** Ends with a backslash \ */
  async backslash(options?: CallOptions): Promise<string> {
    const made = request({ func_name: "backslash" }, {}, undefined);
    return invoke(this, made, undefined, options);
  }

  /**
   * Short.
   *
   * Parameters
   * ----------
   * Not a section.
   *
   * @returns - one
   * - two
   */
  async sections(args: SectionsArgs, options?: CallOptions): Promise<number> {
    const made = request({ func_name: "sections" }, args, shapes.SectionsArgs);
    return invoke(this, made, "integer", options);
  }

  /**
   * //go:generate rm -rf
   * *\/ /* <b>html</b> @param x {@link y}
   */
  async comment(args: CommentArgs, options?: CallOptions): Promise<string> {
    const made = request({ func_name: "comment" }, args, shapes.CommentArgs);
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
  CommentArgs: {
    fields: {
      a: "integer",
    },
  },
  SectionsArgs: {
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
