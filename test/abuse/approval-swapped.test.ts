import { describe, expect, it } from "vitest";
import { deskOf, makeDecision } from "../support/approvals.ts";
import { type Members, permitRule, resourceDocument } from "../support/documents.ts";
import { stubUpstream, TestGateway } from "../support/gateway.ts";

/**
 * I14: an approval that was given for one call is presented with another. Ada's agent has had `pay {"amount":1,"to":"bob"}`
 * approved; everything here differs from that in one thing.
 */
const PAY = { name: "pay", arguments: { amount: 1, to: "bob" } };
const OTHER_SERVER = "https://crossgate.example/mcp/other";
const SCOPES = { scopes: { pay: { description: "Pay", tools: ["pay", "refund"] } } };
const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": { elicitation: { url: {} } },
};

function rule(approval: Members = {}): Members {
  return permitRule({
    id: "held",
    clients: "any",
    resources: "any",
    scopes: "any",
    calls: { tools: ["pay", "refund"] },
    approval: { approvers: { groups: ["leads"] }, ...approval },
  });
}

async function start() {
  const upstream = stubUpstream();
  const organization = `org-${crypto.randomUUID()}`;
  let rules = [rule()];
  const gateway = await TestGateway.start({
    resources: [SCOPES, { ...resourceDocument(SCOPES), resource: OTHER_SERVER }],
  });
  const { findPolicy } = (await TestGateway.start({ rules })).dependencies;
  let policyOf = findPolicy;
  Object.assign(gateway.dependencies, { findPolicy: (name: string) => policyOf(name) });
  const call = async (params: Members = PAY, claims: Members = {}, headers: Record<string, string> = {}) => {
    const message = { jsonrpc: "2.0", id: 1, method: "tools/call", params };
    const token = await gateway.token({ organization, scope: "pay", ...claims });
    const url = typeof claims["aud"] === "string" ? { url: claims["aud"] } : {};
    return gateway.call({ message, token, headers, ...url });
  };
  const approve = async () => {
    const waiting = await deskOf(organization).list();
    for (const { id } of waiting) {
      // oxlint-disable-next-line no-await-in-loop -- one or two
      expect(await deskOf(organization).decide(makeDecision(id))).toBe("decided");
    }
  };
  const change = async (changed: Members) => {
    rules = [rule(changed)];
    policyOf = (await TestGateway.start({ rules })).dependencies.findPolicy;
  };
  return { upstream, call, approve, change };
}

describe("an approval", () => {
  it.each<[string, Members, Members]>([
    ["another amount", { ...PAY, arguments: { amount: 2, to: "bob" } }, {}],
    ["an amount that is text", { ...PAY, arguments: { amount: "1", to: "bob" } }, {}],
    ["another payee", { ...PAY, arguments: { amount: 1, to: "eve" } }, {}],
    ["an argument more", { ...PAY, arguments: { amount: 1, to: "bob", memo: "eve" } }, {}],
    ["an argument less", { ...PAY, arguments: { to: "bob" } }, {}],
    ["an argument that looks alike", { ...PAY, arguments: { amount: 1, to: "bоb" } }, {}],
    ["no arguments", { name: "pay" }, {}],
    ["another tool", { ...PAY, name: "refund" }, {}],
    ["something in _meta that is no handle of one try", { ...PAY, _meta: { "example.com/account": "eve" } }, {}],
    ["a parameter beside the arguments", { ...PAY, task: { ttl: 1 } }, {}],
    ["somebody else", PAY, { sub: "usr_eve" }],
    ["another agent", PAY, { client_id: "other-agent" }],
    ["another server", PAY, { aud: OTHER_SERVER }],
  ])("does not let through %s", async (_what, params, claims) => {
    const { upstream, call, approve } = await start();
    await call();
    await approve();
    const answer = await call(params, claims);
    expect([answer.status, upstream.sent.length]).toEqual([200, 0]);
    expect(answer.text).toContain("Held for approval");
    expect((await call()).text).not.toContain("Held");
    expect(upstream.sent.length).toBe(1);
  });

  it("does not let through another header that repeats a parameter", async () => {
    const { upstream, call, approve } = await start();
    await call(PAY, {}, { "mcp-param-to": "bob" });
    await approve();
    expect((await call(PAY, {}, { "mcp-param-to": "eve" })).text).toContain("Held for approval");
    expect((await call(PAY)).text).toContain("Held for approval");
    expect(upstream.sent.length).toBe(0);
    await call(PAY, {}, { "mcp-param-to": "bob" });
    expect(upstream.sent.length).toBe(1);
  });

  it("is for the same call, however its members are ordered, spaced and told apart from try to try", async () => {
    const { upstream, call, approve } = await start();
    await call({ ...PAY, _meta: { progressToken: 1 } });
    await approve();
    await call({ _meta: { progressToken: 2 }, arguments: { to: "bob", amount: 1 }, name: "pay" });
    expect(upstream.sent.length).toBe(1);
  });

  it("does not stand once the rule has other approvers", async () => {
    const { upstream, call, approve, change } = await start();
    await call();
    await approve();
    await change({ approvers: { groups: ["security"] } });
    expect((await call()).text).toContain("Held for approval");
    expect(upstream.sent.length).toBe(0);
  });
});

describe("the state of a held call", () => {
  const stateless = (name: string) => ({
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": "tools/call",
    "mcp-name": name,
  });
  const stateOf = (text: string): unknown => (JSON.parse(text) as { result: Members }).result["requestState"];

  it("is nobody else's, no other tool's, and nothing that can be written [MCPT-42]", async () => {
    const { upstream, call, approve } = await start();
    const requestState = String(stateOf((await call({ ...PAY, _meta: META }, {}, stateless("pay"))).text));
    await approve();
    const back = { ...PAY, _meta: META, requestState };
    expect((await call(back, { sub: "usr_eve" }, stateless("pay"))).status).toBe(400);
    expect((await call(back, { client_id: "other-agent" }, stateless("pay"))).status).toBe(400);
    expect((await call({ ...back, name: "refund" }, {}, stateless("refund"))).status).toBe(400);
    const spoilt = `${requestState.slice(0, -2)}${requestState.endsWith("A") ? "BB" : "AA"}`;
    expect((await call({ ...back, requestState: spoilt }, {}, stateless("pay"))).status).toBe(400);
    expect(upstream.sent.length).toBe(0);
  });

  it("approves nothing: with other arguments its call is held anew", async () => {
    const { upstream, call, approve } = await start();
    const requestState = stateOf((await call({ ...PAY, _meta: META }, {}, stateless("pay"))).text);
    await approve();
    const swapped = { ...PAY, arguments: { amount: 1000, to: "eve" }, _meta: META, requestState };
    expect((await call(swapped, {}, stateless("pay"))).text).toContain("Held for approval");
    expect(upstream.sent.length).toBe(0);
  });

  it("does not carry one round's approval into the next, whose answers are others", async () => {
    const { upstream, call, approve } = await start();
    const round = (answer: string) => ({
      ...PAY,
      _meta: META,
      requestState: "theirs",
      inputResponses: { who: { action: answer } },
    });
    await call(round("decline"), {}, stateless("pay"));
    await approve();
    expect((await call(round("accept"), {}, stateless("pay"))).text).toContain("Held for approval");
    expect(upstream.sent.length).toBe(0);
  });
});
