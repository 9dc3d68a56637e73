import { afterAll, beforeAll, it } from "vitest";
import { connect } from "node:net";
import { once } from "node:events";
import { guardServers, type GuardedServers } from "./support/guarded-servers.ts";
import { startScriptedUpstream, type ScriptedUpstream, startEvents, sendEvent } from "./support/scripted-upstream.ts";
import { callGateway, echoMessage } from "./support/gateway-call.ts";
import { eventually } from "./support/eventually.ts";
import { setTimeout as wait } from "node:timers/promises";

let up: ScriptedUpstream; let g: GuardedServers;
beforeAll(async () => { up = await startScriptedUpstream(); g = await guardServers({ "/one/mcp": { upstream: up.url }, "/two/mcp": { upstream: up.url } }); });
afterAll(async () => { await g.stop(); await up.close(); });

async function raw(path: string, token: string, extra = ""): Promise<string> {
  const url = new URL(g.crossgate.url);
  const socket = connect(Number(url.port), "127.0.0.1");
  const body = JSON.stringify(echoMessage());
  socket.write(`POST ${path} HTTP/1.1\r\nHost: ${url.host}\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n${extra}\r\n${body}`);
  let text = "";
  socket.setEncoding("utf8").on("data", (c: string) => { text += c; });
  await once(socket, "close");
  return text.split("\r\n")[0] + " ";
}
it("probe", async () => {
  const token = await g.accessToken({ path: "/one/mcp" });
  const r = await callGateway(g.urlOf("/one/mcp"), { token });
  console.log(r.status, [...r.headers], await r.text());
  console.log(up.received[0]);
  for (const p of ["/one/mcp", "/x/../one/mcp", "/x/%2e%2e/one/mcp", "/./one/mcp", "//one/mcp", "/one//mcp", "/one/mcp/", "/one%2fmcp", "/One/mcp", "/one/mcp;x", "/one\\mcp", "/one/mcp?x=1", "/one/mcp?", "/one/mc\tp", "/one/mcp#x", "/on%65/mcp"]) {
    up.forget();
    console.log(JSON.stringify(p), await raw(p, token).catch(String), up.received.length);
  }
  // hang-ups
  up.forget();
  up.answer(() => {});
  const c = new AbortController();
  const pending = callGateway(g.urlOf("/one/mcp"), { token, message: echoMessage("hang"), signal: c.signal }).catch((e: unknown) => String(e));
  await eventually("reached", () => up.received.length > 0);
  const at = Date.now(); c.abort(); console.log(await pending);
  await eventually("hung up", () => up.received[0]?.hungUpAtMilliseconds).then((t) => console.log("hangup before headers ms", t - at), (e) => console.log(String(e)));
  // mid stream
  up.forget();
  up.answer((_r, res) => { startEvents(res); sendEvent(res, { first: 1 }); });
  const c2 = new AbortController();
  const s = await callGateway(g.urlOf("/one/mcp"), { token, signal: c2.signal });
  const reader = s.body!.getReader(); console.log(new TextDecoder().decode((await reader.read()).value));
  const at2 = Date.now(); c2.abort();
  await eventually("hung up", () => up.received[0]?.hungUpAtMilliseconds).then((t) => console.log("hangup mid stream ms", t - at2), (e) => console.log(String(e)));
  // gzip
  up.answer(async (_r, res) => { const { gzipSync } = await import("node:zlib"); res.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" }).end(gzipSync('{"a":1}')); });
  const z = await callGateway(g.urlOf("/one/mcp"), { token }); console.log("gzip", z.status, [...z.headers], await z.text().catch(String));
  up.answer(async (_r, res) => { res.writeHead(205, { "content-type": "application/json", "content-length": "0" }).end(); });
  const y = await callGateway(g.urlOf("/one/mcp"), { token }); console.log("205", y.status, await y.text().catch(String));
  up.answer(async (_r, res) => { res.writeHead(200, { "content-length": "0" }).end(); });
  const x = await callGateway(g.urlOf("/one/mcp"), { token }); console.log("200 empty", x.status, await x.text().catch(String));
  up.answer(async (_r, res) => { res.socket?.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nMcp-Session-Id: caf\xe9\r\nContent-Length: 2\r\n\r\n{}'); });
  const w = await callGateway(g.urlOf("/one/mcp"), { token }); console.log("latin1 session", w.status, [...w.headers], await w.text().catch(String));
  for (const m of ['{"\\q":1}', '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a\\u12":1}}', JSON.stringify(echoMessage(1, "x".repeat(4_000_000))), JSON.stringify(echoMessage(1, "\n".repeat(2_000_000))), JSON.stringify(echoMessage(1, "é".repeat(2_000_000)))]) {
    const v = await callGateway(g.urlOf("/one/mcp"), { token, message: m }); console.log(m.slice(0, 40), v.status, (await v.text()).slice(0, 100));
  }
  await wait(6000);
  for (const e of await g.auditEvents()) console.log(e.type, e.decision, e.reason, e.method, e.target, e.upstream_status, e.time);
});
