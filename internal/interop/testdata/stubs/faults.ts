// Makes calls over a network that loses, and says what became of them:
// node faults.js OPTIONS CALLS prints how many returned what they should, and
// how many said that the backend is out of reach.
import WebSocket from "ws";
import { Client, DasfError } from "./stub.js";

const { able, ...options } = JSON.parse(process.argv[2] ?? "{}");
const client = new Client({ ...options, liveness: 6000, WebSocket });
let good = 0;
let failed = 0;

async function call(i: number): Promise<void> {
  const n = 10 + (i % 4) * 100_000;
  try {
    const got = await client.big({ n });
    if (got !== "x".repeat(n)) throw new Error(`${got.length} of ${n}`);
    good++;
  } catch (why) {
    if (!(why instanceof DasfError) || why.code !== "unavailable") throw why;
    failed++;
  }
}

const indexes = Array.from({ length: Number(process.argv[3]) }, (_, i) => i);
const worker = async (): Promise<void> => {
  for (let i = indexes.pop(); i !== undefined; i = indexes.pop()) await call(i);
};
await Promise.all(Array.from({ length: 20 }, worker));
client.close();
console.log(good, failed);
void able;
