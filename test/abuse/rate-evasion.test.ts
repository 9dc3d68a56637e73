import { describe, expect, it } from "vitest";
import { type Members, permitRule } from "../support/documents.ts";
import { stubUpstream, TestGateway } from "../support/gateway.ts";

/** An agent that has used up its calls tries to pass for somebody new. */
async function start(rules: readonly Members[]) {
  const upstream = stubUpstream();
  const organization = `org-${crypto.randomUUID()}`;
  const gateway = await TestGateway.start({ rules });
  const call = async (params: Members, claims: Members = {}, headers: Record<string, string> = {}) => {
    const token = await gateway.token({ organization, ...claims });
    const message = { jsonrpc: "2.0", id: Math.random(), method: "tools/call", params };
    return (await gateway.call({ message, token, headers })).status;
  };
  return { upstream, call };
}

const RATE = { calls: 3, per_seconds: 3600, by: ["subject", "client", "tool"] };
const counted = permitRule({ id: "counted", scopes: "any", rate: RATE });

describe("who has used up his calls", () => {
  it("gets no more by any of what a caller can choose", async () => {
    const { upstream, call } = await start([counted]);
    const tries: [Members, Members?, Record<string, string>?][] = [
      [{ name: "read_file" }],
      [{ name: "read_file", arguments: { a: 1 } }],
      [{ name: "read_file", _meta: { progressToken: "x" } }],
      [{ name: "read_file" }, { jti: crypto.randomUUID() }],
      [{ name: "read_file" }, { scope: "files:read files:write" }],
      [{ name: "read_file" }, { sub_id: { format: "iss_sub", iss: "https://idp.example.com", sub: "someone" } }],
      [{ name: "read_file" }, {}, { "x-forwarded-for": "192.0.2.9", "cf-connecting-ip": "192.0.2.9" }],
      [{ name: "read_file" }, {}, { "mcp-method": "tools/call", "mcp-name": "read_file" }],
    ];
    const statuses = [];
    for (const one of tries) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      statuses.push(await call(...one));
    }
    expect(statuses).toEqual([200, 200, 200, 429, 429, 429, 429, 429]);
    expect(upstream.sent.length).toBe(3);
  });

  it("gets no more at once than one after the other", async () => {
    const { upstream, call } = await start([counted]);
    const statuses = await Promise.all(Array.from({ length: 40 }, () => call({ name: "read_file" })));
    expect([statuses.filter((status) => status === 200).length, upstream.sent.length]).toEqual([3, 3]);
  });

  it("gets no more by a broad rule that permits the same without counting", async () => {
    const broad = permitRule({ id: "broad", clients: "any", resources: "any", scopes: "any" });
    const { upstream, call } = await start([broad, counted]);
    for (let at = 0; at < 6; at += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await call({ name: "read_file" });
    }
    expect(upstream.sent.length).toBe(3);
  });

  it("uses up nobody else's", async () => {
    const { call } = await start([counted]);
    await Promise.all(Array.from({ length: 10 }, () => call({ name: "read_file" })));
    expect(await call({ name: "read_file" }, { sub: "usr_bob" })).toBe(200);
  });
});
