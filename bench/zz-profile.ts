import { mkdirSync, writeFileSync } from "node:fs";
import { makeDeployment } from "./deployment.ts";
import { AssertionStock } from "./assertions.ts";
import { runWrk } from "./load/wrk.ts";
import { Workerd } from "./runtime/workerd.ts";
import { ISSUER, subjectConfig, type SubjectName } from "./subjects.ts";
import { tokenBody, tokenTemplate } from "./token-requests.ts";
const name = (process.argv[2] ?? "crossgate") as SubjectName;
const seconds = Number(process.argv[3] ?? 5);
const deployment = await makeDeployment(ISSUER);
const stock = new AssertionStock(deployment.idp);
const stateDirectory = `/dev/shm/prof-${process.pid}`;
mkdirSync(stateDirectory);
const config = await subjectConfig(name, {
  deployment,
  directory: `/tmp/prof/${process.pid}`,
  stateDirectory,
  bundleDirectory: "/tmp/nomin",
});
const w = await Workerd.start({
  config,
  directory: `/tmp/prof/${process.pid}`,
  core: 1,
  flags: process.argv[4] === "none" ? [] : ["--inspector-addr=127.0.0.1:9333"],
});
const template = tokenTemplate(deployment, deployment.clientSecret);
const load = (s: number) =>
  runWrk(
    {
      port: w.port("http"),
      template,
      bodies: stock.take("x", 6000 * s).map(tokenBody),
      connections: 32,
      seconds: s,
      expectedStatus: 200,
    },
    0,
  );
console.log(await load(4));
if (process.argv[4] === "none") {
  const c0 = w.processorMilliseconds!;
  const r = await load(seconds);
  console.log(r, ((w.processorMilliseconds! - c0) * 1000) / r.requests);
  await w.stop();
  process.exit(0);
}
const list = (await (await fetch("http://127.0.0.1:9333/json")).json()) as any[];
const target = list.find((t) => t.id === "worker" || t.title?.includes("worker")) ?? list[0];
const ws = new WebSocket(target.webSocketDebuggerUrl);
await new Promise((r) => ws.addEventListener("open", r));
let id = 0;
const pending = new Map<number, (v: any) => void>();
ws.addEventListener("message", (e) => {
  const m = JSON.parse(String(e.data));
  pending.get(m.id)?.(m.result ?? m);
});
const call = (method: string, params = {}) =>
  new Promise<any>((r) => {
    id++;
    pending.set(id, r);
    ws.send(JSON.stringify({ id, method, params }));
  });
await call("Profiler.enable");
await call("Profiler.setSamplingInterval", { interval: 200 });
await call("Profiler.start");
const result = await load(seconds);
console.log(result);
const { profile } = await call("Profiler.stop");
writeFileSync(`/tmp/prof/${name}.cpuprofile`, JSON.stringify(profile));
ws.close();
await w.stop();
process.exit(0);
