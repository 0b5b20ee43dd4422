// Calls a backend that answers each request with itself, through stubs of what
// is hard to name, and compares what was sent: node names.js OPTIONS prints
// "all right" or throws.
import WebSocket from "ws";
import { Client as Empties, Empty } from "./empty_stub.js";
import { Client as Keywords, import_ } from "./keywords_stub.js";
import { Client as Parameters, Hidden } from "./parameters_stub.js";
import { Client as Texts } from "./texts_stub.js";

// Keys may come in any order.
function sorted(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) =>
    v !== null && typeof v === "object"
      ? Object.fromEntries(Object.entries(v).sort())
      : v,
  );
}

async function sent(call: Promise<string>, want: object): Promise<void> {
  const got = sorted(JSON.parse(await call));
  if (got !== sorted(want)) throw new Error(`${got}, want ${sorted(want)}`);
}

const options = { ...JSON.parse(process.argv[2] ?? "{}"), WebSocket };
const empties = new Empties(options);
await sent(empties.ping(), { func_name: "ping" });
const ping = { class_name: "Empty", function: { func_name: "ping" } };
await sent(new Empty(empties).ping(), ping);

const keywords = new Keywords(options);
await sent(keywords.class({ import: 7 }), { func_name: "class", import: 7 });
const printed = { int: 1, str: "b", len: 2 };
await sent(keywords.print(printed), { func_name: "print", ...printed });
const one = new import_(keywords, { global: 3 });
const whole = { class_name: "import", global: 3 };
await sent(one.return({ yield: 4 }), {
  ...whole,
  function: { func_name: "return", yield: 4 },
});
await sent(one.constructor_(), {
  ...whole,
  function: { func_name: "constructor" },
});

const parameters = new Parameters(options);
const odd = {
  "lat-lon": 0,
  "2x": 1,
  _hidden: 2,
  __dunder__: 3,
  model_: 4,
  größe: 5,
  ﬁle: 6,
  日付: 7,
  "a b": 8,
  a_b: 9,
  "": 10,
  "😀": 11,
  x2x: 12,
  "named.by-hand": 13,
};
await sent(parameters.aliases(odd), { func_name: "aliases", ...odd });
const left = { func_name: "left_out", a: 1, d: null };
await sent(parameters.left_out({ a: 1, d: null }), left);
const hidden = new Hidden(parameters, { self: 1, _request_base: 2 });
await sent(hidden._private({ _x: 3 }), {
  class_name: "Hidden",
  self: 1,
  _request_base: 2,
  function: { func_name: "_private", _x: 3 },
});

const texts = new Texts(options);
const quotes = { a: '"\\', b: '"""', d: "1'\"`" };
await sent(texts.quotes(quotes), { func_name: "quotes", ...quotes });
const letters = { a: "größe 日本 😀\u2028\t\0" };
await sent(texts.letters(letters), { func_name: "letters", ...letters });
for (const client of [empties, keywords, parameters, texts]) client.close();
console.log("all right");
