import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { makeDeployment } from "./deployment.ts";
import { AssertionStock } from "./assertions.ts";
import { runWrk } from "./load/wrk.ts";
import { Workerd } from "./runtime/workerd.ts";
import { median } from "./statistics.ts";
import { ISSUER, subjectConfig } from "./subjects.ts";
import { tokenBody, tokenTemplate } from "./token-requests.ts";
const base = readFileSync("/tmp/nomin/worker.js", "utf8");
function rep(s: string, a: string, b: string): string {
  if (!s.includes(a)) throw new Error("no match: " + a);
  return s.replace(a, () => b);
}
const F: Record<string, (s: string) => string> = {
  base: (s) => s,
  nodrain: (s) =>
    rep(
      s,
      `const result = this.ctx.storage.transactionSync(work);
      this.#rearm(LIMITS.auditDrainDelayMilliseconds);`,
      `const result = this.ctx.storage.transactionSync(work);`,
    ),
  stub: (s) =>
    rep(
      s,
      "return this.#ledgers.getByName(`ledger/v1/${shard}`, hint === null ? void 0 : { locationHint: hint });",
      "return (globalThis.__s ??= [])[shard] ??= this.#ledgers.get(this.#ledgers.idFromName(`ledger/v1/${shard}`));",
    ),
  idonly: (s) =>
    rep(
      s,
      "return this.#ledgers.getByName(`ledger/v1/${shard}`, hint === null ? void 0 : { locationHint: hint });",
      "return this.#ledgers.get((globalThis.__s ??= [])[shard] ??= this.#ledgers.idFromName(`ledger/v1/${shard}`));",
    ),
  onerecord: (s) =>
    rep(
      rep(s, `ifReplayed: serialize2({`, `ifReplayed: "", x: () => ({`),
      `record: record2 };
    const { shards`,
      `record: record2 };
    const { shards`,
    ),
  norecord: (s) =>
    rep(
      s,
      "const request2 = { key: keyOf(digest3), attemptId, retainUntilSeconds, record: record2 };",
      "const request2 = { key: keyOf(digest3), attemptId, retainUntilSeconds, record: null };",
    ),
  base64: (s) =>
    rep(
      rep(
        s,
        `const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
  return encodeBase64url(bytes) === text ? bytes : null;`,
        `const bytes = Uint8Array.fromBase64(text, { alphabet: "base64url" });
  return encodeBase64url(bytes) === text ? bytes : null;`,
      ),
      `let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");`,
      `return bytes.toBase64({ alphabet: "base64url", omitPadding: true });`,
    ),
  subtleverify: (s) =>
    rep(
      s,
      "await compactVerify(token, await importOnce(key, alg), { algorithms: [alg] });\n    return true;",
      `const e = token.lastIndexOf("."); const k = await importOnce(key, alg);
    return await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, k, decodeBase64url(token.slice(e + 1)), new TextEncoder().encode(token.slice(0, e)));`,
    ),
  form: (s) =>
    rep(
      s,
      `for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > limitBytes) return null;
    chunks.push(chunk);
  }
  return concatenate(chunks, length);`,
      `return new Uint8Array(await new Response(body).arrayBuffer());`,
    ),
  headers: (s) =>
    rep(
      s,
      `new Headers(headers).forEach((value2, name) => all.set(name, value2));
  return new Response(JSON.stringify(body), { status, headers: all });`,
      `for (const [name, value2] of headers instanceof Headers ? headers : Object.entries(headers)) all.set(name, value2);
  return new Response(JSON.stringify(body), { status, headers: all });`,
    ),
  nohmac: (s) =>
    rep(
      s,
      `candidates.map(
        (candidate) => crypto.subtle.verify("HMAC", key, fromHex(candidate.slice(PREFIX.length)), message2)
      )`,
      `[true]`,
    ),
  noconsume: (s) =>
    rep(s, "async #consumeAt(shard, request2) {", "async #consumeAt(shard, request2) { return 'consumed';"),
  nosign: (s) =>
    rep(
      s,
      "return new SealedAccessToken(await jwt.sign(key), contents.tokenId);",
      "return new SealedAccessToken('x', contents.tokenId);",
    ),
  noverify: (s) =>
    rep(
      s,
      "await compactVerify(token, await importOnce(key, alg), { algorithms: [alg] });\n    return true;",
      "return true;",
    ),
  noscan: (s) => rep(s, "new Scanner(text, bounds).scan();", ""),
  scanre: (s) => s,
  batch: (s) => ["base64", "subtleverify", "form", "onerecord"].reduce((x, n) => F[n]!(x), s),
};
const names = [
  "floor",
  ...(
    process.argv[2] ??
    "base,nodrain,stub,onerecord,norecord,base64,subtleverify,form,headers,nohmac,noconsume,nosign,noverify,noscan"
  ).split(","),
];
const rounds = Number(process.argv[3] ?? 6);
const sec = Number(process.argv[4] ?? 1);
const deployment = await makeDeployment(ISSUER);
const stock = new AssertionStock(deployment.idp);
const template = tokenTemplate(deployment, deployment.clientSecret);
const ws = new Map<string, Workerd>();
for (const n of names) {
  const dir = `/tmp/prof/ab-${process.pid}-${n}`;
  mkdirSync(`${dir}/b`, { recursive: true });
  if (n !== "floor") writeFileSync(`${dir}/b/worker.js`, F[n]!(base).replace(/\/\/# sourceMappingURL.*/, ""));
  const stateDirectory = `/dev/shm/ab-${process.pid}-${n}`;
  mkdirSync(stateDirectory);
  const config = await subjectConfig(n === "floor" ? "floor" : "crossgate", {
    deployment,
    directory: dir,
    stateDirectory,
    bundleDirectory: `${dir}/b`,
  });
  ws.set(n, await Workerd.start({ config, directory: dir, core: 1 }));
}
const run = async (n: string, s: number) => {
  const w = ws.get(n)!;
  const c0 = w.processorMilliseconds!;
  const r = await runWrk(
    {
      port: w.port("http"),
      template,
      bodies: stock.take(n, 6000 * s).map(tokenBody),
      connections: 32,
      seconds: s,
      expectedStatus: 200,
    },
    0,
  );
  stock.giveBack(n, 6000 * s - r.requests - 66);
  const cpu = ((w.processorMilliseconds! - c0) * 1000) / r.requests;
  if (r.unexpected > 0) console.log(n, "unexpected", r.unexpected, w.complaint.slice(-500));
  await w.settle(200);
  return { cpu, rps: r.requestsPerSecond };
};
for (const n of names) {
  const t = performance.now();
  let c = 0;
  while (c < 8000 && performance.now() - t < 12000) {
    const r = await run(n, 2);
    c += r.rps * 2;
  }
}
const res = new Map<string, number[]>(names.map((n) => [n, []]));
const rps = new Map<string, number[]>(names.map((n) => [n, []]));
for (let i = 0; i < rounds; i++)
  for (const n of names) {
    const r = await run(n, sec);
    res.get(n)!.push(r.cpu);
    rps.get(n)!.push(r.rps);
  }
const b = res.get("base")!;
for (const n of names)
  console.log(
    n.padEnd(14),
    median(res.get(n)!).toFixed(0).padStart(6),
    "µs  min",
    Math.min(...res.get(n)!)
      .toFixed(0)
      .padStart(6),
    " delta vs base (median of pairs)",
    median(res.get(n)!.map((v, i) => v - b[i]!))
      .toFixed(0)
      .padStart(6),
    " rps",
    median(rps.get(n)!).toFixed(0),
  );
for (const w of ws.values()) await w.stop();
process.exit(0);
