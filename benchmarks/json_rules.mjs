// The pairs of a request on json-rules-engine: one rule per pair, facts are the drugs in use.
// Reads {pairs, drugs, times, warm} from standard input, prints microseconds per run as a JSON array.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(`${process.argv[2]}/`);
const { Engine } = require("json-rules-engine");
const { pairs, drugs, times, warm } = JSON.parse(readFileSync(0, "utf8"));
const engine = new Engine();
for (const [a, b] of pairs) {
  const both = [a, b].map((value) => ({ fact: "drugs", operator: "contains", value }));
  engine.addRule({ conditions: { all: both }, event: { type: "interaction", params: { a, b } } });
}
const taken = [];
for (let run = 0; run < warm + times; run += 1) {
  const started = process.hrtime.bigint();
  await engine.run({ drugs });
  if (run >= warm) taken.push(Number(process.hrtime.bigint() - started) / 1000);
}
console.log(JSON.stringify(taken));
