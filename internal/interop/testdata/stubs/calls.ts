// Calls the reference module through a stub, and compares each value. It runs
// in Node and in pages; run returns "all right" or throws.
import {
  Client,
  Counter,
  DasfError,
  type Options,
  type ProgressReport,
} from "./stub.js";

function equal(got: unknown, want: unknown): void {
  const text = (value: unknown): string =>
    JSON.stringify(value, (_, v: unknown) =>
      typeof v === "bigint" ? `${v}n` : Number.isNaN(v) ? "NaN" : v,
    );
  if (text(got) !== text(want)) {
    throw new Error(`got ${text(got)}, want ${text(want)}`);
  }
}

async function fails(
  code: string,
  text: string,
  call: Promise<unknown>,
): Promise<void> {
  const got = await call.catch((why: unknown) => why);
  if (!(got instanceof DasfError) || got.code !== code) {
    throw new Error(`got ${String(got)}, want an error of code ${code}`);
  }
  if (!got.message.includes(text)) throw new Error(got.message);
}

/** Makes the calls. able says what the backend can do: nan, large. */
export async function run(options: Options, able: string[]): Promise<string> {
  const client = new Client({ timeout: 100_000, ...options });
  const address = { street: 'A "street"\n\\', number: 7, tags: ["a", ""] };
  const ada = {
    name: "Ada Größe 日本 😀",
    address,
    born: "1815-12-10",
    height: 1.5,
  };
  const given = {
    person: ada,
    color: "light blue" as const,
    when: "2024-02-29T12:30:15.123456Z",
    day: "2024-02-29",
    wait: "P1DT5.000007S",
  };
  equal(await client.describe({ ...given, friends: { ada } }), {
    ...given,
    note: null,
    friends: { ada },
  });
  const naive = { ...given, when: "2024-02-29T12:30:00", note: "" };
  equal(await client.describe(naive), { ...naive, friends: {} });

  equal(await client.scale({ values: [1, 2.5, 1e300] }), [2, 5, 2e300]);
  equal(await client.either({ value: 7 }), 7);
  equal(await client.either({ value: "7" }), "7");
  equal(await client.nothing(), null);
  const big = 2n ** 53n + 1n;
  for (const value of [null, { a: [1, "b", null, 1.5] }, big, -big, "ü", []]) {
    equal(await client.anything({ value }), value);
  }
  await fails("execution", "not now", client.fail({ msg: "not now" }));
  const wrong = client.scale({ values: [] });
  await fails("invalid_request", "at least 1 item", wrong);
  equal(await new Counter(client, { start: 3 }).add(), 4);
  equal(await new Counter(client).up_to({ end: 3 }), [0, 1, 2]);
  const rounded = client.either({ value: 2 ** 60 });
  await fails("invalid_request", "is rounded already", rounded);
  const exact = client.either({ value: big as unknown as number });
  await fails("processing", "too large for a JavaScript number", exact);

  equal((await client.big()).length, 3_000_000);
  equal((await client.big({ n: 511_999 })).length, 511_999);
  equal(await client.length({ text: "ü".repeat(250_000) }), 250_000);
  const large = client.length({ text: "ü".repeat(1_500_000) });
  if (able.includes("large")) equal(await large, 1_500_000);
  else await fails("too_large", "not known to take pieces", large);
  if (able.includes("nan")) {
    equal(await client.scale({ values: [1, NaN, Infinity] }), [2, NaN, NaN]);
  }

  const late = client.sleep({ seconds: 20 }, { timeout: 500 });
  await fails("deadline_exceeded", "no result within 500 ms", late);
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 500);
  const aborted = client.sleep({ seconds: 20 }, { signal: stop.signal });
  await fails("canceled", "the call was canceled", aborted);
  const why = AbortSignal.abort(new Error("too dear"));
  const before = client.sleep({ seconds: 20 }, { signal: why });
  await fails("canceled", "the call was canceled: too dear", before);
  const values = Array.from({ length: 20 }, (_, value) => value);
  const all = values.map((value) => client.either({ value }));
  equal(await Promise.all(all), values);

  const seen: ProgressReport[] = [];
  const report = { step_message: "Counting" };
  const onProgress = (r: ProgressReport): void => void seen.push(r);
  equal(await client.steps({ report }, { onProgress }), 2);
  const last = seen[seen.length - 1];
  equal(last?.step_message, "Counting");
  equal(last?.status, "success");
  equal(
    last?.children?.map((child) => child.step_message),
    ["step 0", "step 1"],
  );
  client.close();
  await fails("unavailable", "closed", client.either({ value: 1 }));
  return "all right";
}
