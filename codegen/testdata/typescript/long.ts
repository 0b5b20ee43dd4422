// Golden stub. Write it anew with: go test ./codegen -update
/**
 * Client of the backend on the topic long-topic.
 *
 * Made by dasf generate: make it anew rather than change it.
 */

/** The topic of the backend. */
export const topic = "long-topic";

export interface AFunctionWhoseNameIsSoLongThatNothingElseFitsBesideItOnItsLineArgs {
  a_rather_long_parameter_name_0: (
    number | string | Record<string, [number, string]> | null
  )[];
  a_rather_long_parameter_name_1: (
    number | string | Record<string, [number, string]> | null
  )[];
  a_rather_long_parameter_name_2: (
    number | string | Record<string, [number, string]> | null
  )[];
  a_rather_long_parameter_name_3: (
    number | string | Record<string, [number, string]> | null
  )[];
  a_rather_long_parameter_name_4: (
    number | string | Record<string, [number, string]> | null
  )[];
  a_rather_long_parameter_name_5: (
    number | string | Record<string, [number, string]> | null
  )[];
  /** @default ["a default of some length","and another one that is longer than that",{"key":[1.5,"text"]}] */
  a_rather_long_parameter_name_6?: (
    number | string | Record<string, [number, string]> | null
  )[];
  /** @default ["a default of some length","and another one that is longer than that",{"key":[1.5,"text"]}] */
  a_rather_long_parameter_name_7?: (
    number | string | Record<string, [number, string]> | null
  )[];
  /** @default ["a default of some length","and another one that is longer than that",{"key":[1.5,"text"]}] */
  a_rather_long_parameter_name_8?: (
    number | string | Record<string, [number, string]> | null
  )[];
  /** @default ["a default of some length","and another one that is longer than that",{"key":[1.5,"text"]}] */
  a_rather_long_parameter_name_9?: (
    number | string | Record<string, [number, string]> | null
  )[];
  /** @default ["a default of some length","and another one that is longer than that",{"key":[1.5,"text"]}] */
  a_rather_long_parameter_name_10?: (
    number | string | Record<string, [number, string]> | null
  )[];
  /** @default ["a default of some length","and another one that is longer than that",{"key":[1.5,"text"]}] */
  a_rather_long_parameter_name_11?: (
    number | string | Record<string, [number, string]> | null
  )[];
}

export type AFunctionWhoseNameIsSoLongThatNothingElseFitsBesideItOnItsLineResult =
  Record<string, (string | null)[]>;

export interface OneArgs {
  /** @default "the second of the values" */
  mode?:
    | "the first of the values"
    | "the second of the values"
    | "the third of the values"
    | "the fourth";
}

/** A client of the backend. It connects at once, and again where it must. */
export class Client {
  constructor(options: Options = {}) {
    connected.set(this, new Connection({ ...defaults, ...options }));
  }

  /** One line that is much longer than any line should be, One line that is much longer than any line should be, One line that is much longer than any line should be, One line that is much longer than any line should be, */
  async a_function_whose_name_is_so_long_that_nothing_else_fits_beside_it_on_its_line(
    args: AFunctionWhoseNameIsSoLongThatNothingElseFitsBesideItOnItsLineArgs,
    options?: CallOptions,
  ): Promise<AFunctionWhoseNameIsSoLongThatNothingElseFitsBesideItOnItsLineResult> {
    const made = request(
      {
        func_name:
          "a_function_whose_name_is_so_long_that_nothing_else_fits_beside_it_on_its_line",
      },
      args,
      shapes.AFunctionWhoseNameIsSoLongThatNothingElseFitsBesideItOnItsLineArgs,
    );
    return invoke(this, made, undefined, options);
  }

  /** Calls one. */
  async one(args: OneArgs = {}, options?: CallOptions): Promise<string> {
    const made = request({ func_name: "one" }, args, undefined);
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
  AFunctionWhoseNameIsSoLongThatNothingElseFitsBesideItOnItsLineArgs: {
    fields: {
      a_rather_long_parameter_name_0: {
        list: {
          optional: {
            union: {
              0: "integer",
              2: {
                map: {
                  tuple: {
                    0: "number",
                  },
                },
              },
            },
          },
        },
      },
      a_rather_long_parameter_name_1: {
        list: {
          optional: {
            union: {
              0: "integer",
              2: {
                map: {
                  tuple: {
                    0: "number",
                  },
                },
              },
            },
          },
        },
      },
      a_rather_long_parameter_name_2: {
        list: {
          optional: {
            union: {
              0: "integer",
              2: {
                map: {
                  tuple: {
                    0: "number",
                  },
                },
              },
            },
          },
        },
      },
      a_rather_long_parameter_name_3: {
        list: {
          optional: {
            union: {
              0: "integer",
              2: {
                map: {
                  tuple: {
                    0: "number",
                  },
                },
              },
            },
          },
        },
      },
      a_rather_long_parameter_name_4: {
        list: {
          optional: {
            union: {
              0: "integer",
              2: {
                map: {
                  tuple: {
                    0: "number",
                  },
                },
              },
            },
          },
        },
      },
      a_rather_long_parameter_name_5: {
        list: {
          optional: {
            union: {
              0: "integer",
              2: {
                map: {
                  tuple: {
                    0: "number",
                  },
                },
              },
            },
          },
        },
      },
      a_rather_long_parameter_name_6: {
        list: {
          optional: {
            union: {
              0: "integer",
              2: {
                map: {
                  tuple: {
                    0: "number",
                  },
                },
              },
            },
          },
        },
      },
      a_rather_long_parameter_name_7: {
        list: {
          optional: {
            union: {
              0: "integer",
              2: {
                map: {
                  tuple: {
                    0: "number",
                  },
                },
              },
            },
          },
        },
      },
      a_rather_long_parameter_name_8: {
        list: {
          optional: {
            union: {
              0: "integer",
              2: {
                map: {
                  tuple: {
                    0: "number",
                  },
                },
              },
            },
          },
        },
      },
      a_rather_long_parameter_name_9: {
        list: {
          optional: {
            union: {
              0: "integer",
              2: {
                map: {
                  tuple: {
                    0: "number",
                  },
                },
              },
            },
          },
        },
      },
      a_rather_long_parameter_name_10: {
        list: {
          optional: {
            union: {
              0: "integer",
              2: {
                map: {
                  tuple: {
                    0: "number",
                  },
                },
              },
            },
          },
        },
      },
      a_rather_long_parameter_name_11: {
        list: {
          optional: {
            union: {
              0: "integer",
              2: {
                map: {
                  tuple: {
                    0: "number",
                  },
                },
              },
            },
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
