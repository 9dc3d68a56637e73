import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { guardServers, type GuardedServers } from "./support/guarded-servers.ts";
import { postLines } from "./support/raw-request.ts";
import { type ScriptedUpstream, startScriptedUpstream } from "./support/scripted-upstream.ts";

const MCP = "/mcp";

let upstream: ScriptedUpstream;
let guarded: GuardedServers;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  guarded = await guardServers({ [MCP]: { upstream: upstream.url } });
});

afterAll(async () => {
  await guarded?.stop();
  await upstream?.close();
});

/** Sends all of a request but its last byte, a byte a second as long as anybody listens. @returns what is answered. */
async function holdOpen(lines: readonly string[], body: string): Promise<string> {
  const { hostname, port } = new URL(guarded.crossgate.url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => undefined);
  const length = `Content-Length: ${Buffer.byteLength(body)}`;
  const trickled = Math.ceil((2 * LIMITS.requestBodyMilliseconds) / 1000);
  socket.write(`${[...lines, length].join("\r\n")}\r\n\r\n${body.slice(0, -trickled)}`);
  let at = body.length - trickled;
  const trickle = setInterval(() => {
    if (at < body.length - 1) socket.write(body.charAt(at));
    at += 1;
  }, 1000);
  const [answer] = (await once(socket.setEncoding("utf8"), "data")) as [string];
  clearInterval(trickle);
  socket.destroy();
  return answer;
}

describe("a body that is held open past its limit", () => {
  // Both at once, since the limit is the real one: nobody outside can set the Worker's clock.
  it("has no token issued for it, and no call forwarded", { timeout: 40_000 }, async () => {
    const token = await guarded.accessToken({ path: MCP });
    const begun = Date.now();
    const [atToken, atGateway] = await Promise.all([
      holdOpen(
        ["POST /token HTTP/1.1", `Host: ${new URL(guarded.crossgate.url).host}`, FORM],
        `grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=${"a".repeat(100)}`,
      ),
      holdOpen(
        postLines(guarded.crossgate.url, MCP, token),
        JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: { cursor: "a".repeat(100) } }),
      ),
    ]);
    expect(Date.now() - begun).toBeGreaterThanOrEqual(LIMITS.requestBodyMilliseconds - 1000);
    expect(atToken).toMatch(/^HTTP\/1\.1 400 [^]*"error":"invalid_request"/);
    expect(atGateway).toMatch(/^HTTP\/1\.1 400 [^]*"error":\{"code":/);
    expect(`${atToken}${atGateway}`).not.toMatch(/access_token|eyJ/);
    expect(upstream.received).toEqual([]);
  });
});

const FORM = "Content-Type: application/x-www-form-urlencoded";
