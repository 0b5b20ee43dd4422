// Runs the calls in Node: node node.js OPTIONS, a JSON object with able.
import WebSocket from "ws";
import { run } from "./calls.js";

const { able, ...options } = JSON.parse(process.argv[2] ?? "{}");
console.log(await run({ ...options, WebSocket }, able));
