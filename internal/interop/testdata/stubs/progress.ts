// Makes one call and says what its callback was given:
// node progress.js OPTIONS MEMBER ARGUMENTS prints each report as it comes, as
// {"report": ...}, and at last {"result": ...} or {"error": ...}.
import WebSocket from "ws";
import {
  Client,
  type CallOptions,
  type ProgressReport,
} from "./progress_stub.js";

const [options, member, given] = process.argv.slice(2);
const client = new Client({ ...JSON.parse(options ?? "{}"), WebSocket });
const args = JSON.parse(given ?? "{}");
const say = (what: object): void => console.log(JSON.stringify(what));

const follow: CallOptions = {
  onProgress: (report: ProgressReport): void => {
    const words: string[] = report.messages ?? [];
    const type: string = report.report_type;
    say({ report, words, type });
  },
};
const members: Record<string, () => Promise<string>> = {
  run_steps: () => client.run_steps(args, follow),
  report_failure: () => client.report_failure(args, follow),
  print_lines: () => client.print_lines(args, follow),
  many_steps: () => client.many_steps(args, follow),
  log_lines: () => client.log_lines(args, follow),
};
try {
  say({ result: await members[member ?? ""]?.() });
} catch (why) {
  say({ error: String(why) });
}
client.close();
