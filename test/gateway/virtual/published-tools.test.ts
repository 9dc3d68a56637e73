import { describe, expect, it } from "vitest";
import { CredentialRefused } from "../../../src/credentials/credential-refused.ts";
import { fingerprintTool } from "../../../src/trust/tool-definition.ts";
import { type Members, permitRule } from "../../support/documents.ts";
import { callDesk, resultIn, startDesk } from "../../support/desk.ts";
import { LIST_TOOLS, reasonsOf, type TestGateway } from "../../support/gateway.ts";
import {
  DESK,
  FLIGHTS,
  FLIGHTS_UPSTREAM,
  methodsTo,
  PAYROLL,
  PAYROLL_UPSTREAM,
  READ_PAYSLIP,
  resultOf,
  SEARCH,
  statelessly,
  stubMembers,
} from "../../support/members.ts";

const LIST = { message: LIST_TOOLS };
const FIND_FLIGHTS = { ...SEARCH, name: "find_flights", description: "Finds flights." };
const PAYSLIP = { ...READ_PAYSLIP, name: "payslip" };
const broken = { first: () => new Response("down", { status: 500 }) };

async function namesListed(gateway: TestGateway): Promise<readonly string[]> {
  const { tools } = resultIn(await callDesk(gateway, LIST)) as { tools: readonly { name: string }[] };
  return tools.map(({ name }) => name);
}

describe("the list of a virtual server", () => {
  it("has the selected tools of all members under their published names, in the document's order, in either era [MCPT-18, MCPT-50]", async () => {
    const upstream = stubMembers();
    const gateway = await startDesk();
    expect(resultIn(await callDesk(gateway, LIST))).toEqual({ tools: [FIND_FLIGHTS, PAYSLIP] });
    expect(resultIn(await callDesk(gateway, statelessly("tools/list")))).toEqual({
      resultType: "complete",
      tools: [FIND_FLIGHTS, PAYSLIP],
      ttlMs: 60_000,
      cacheScope: "private",
    });
    await Promise.all(gateway.outlasting);
    expect(methodsTo(upstream, FLIGHTS_UPSTREAM)).toEqual(["server/discover", "tools/list", "tools/list"]);
    expect(methodsTo(upstream, PAYROLL_UPSTREAM).filter((method) => method === "DELETE")).toHaveLength(2);
    expect(gateway.events.map(({ resource, method, decision }) => [resource, method, decision])).toEqual([
      [DESK, "tools/list", "granted"],
      [DESK, "tools/list", "granted"],
    ]);
  });

  it("has a member's tools from all its pages", async () => {
    stubMembers({
      flights: {
        first: (message) => {
          if (message.method !== "tools/list") return null;
          if (message.params?.["cursor"] === "two") return resultOf(message, { tools: [SEARCH] });
          return resultOf(message, { tools: [{ ...SEARCH, name: "book" }], nextCursor: "two" });
        },
      },
    });
    expect(await namesListed(await startDesk())).toEqual(["find_flights", "payslip"]);
  });

  it("has one tool under two names where the document says so", async () => {
    stubMembers();
    const tools = { a: { server: FLIGHTS, tool: "search" }, b: { server: FLIGHTS, tool: "search", title: "Other" } };
    const scopes = { "files:read": { description: "All", methods: ["tools/list", "tools/call"] } };
    const gateway = await startDesk({ desk: { virtual: { tools }, scopes } });
    expect(resultIn(await callDesk(gateway, LIST))).toEqual({
      tools: [
        { ...SEARCH, name: "a" },
        { ...SEARCH, name: "b", title: "Other" },
      ],
    });
  });

  it("has what policy lets its caller use, asked about published names and what members say of their tools", async () => {
    const reading = { ...SEARCH, annotations: { readOnlyHint: true } };
    stubMembers({ flights: { tools: [reading] } });
    const tools = [{ name: "search", fingerprint: await fingerprintTool(reading) }];
    const findApprovedTools = async (resource: string) =>
      resource === FLIGHTS ? { document: { resource, tools }, revision: "tools-1" } : null;
    const all = { clients: "any", resources: [DESK], scopes: "any" };
    const rules = [
      permitRule({ ...all, id: "lists", calls: { methods: ["tools/list"] } }),
      permitRule({ ...all, id: "reads", calls: { tools: ["*"], annotations: { readOnlyHint: true } } }),
    ];
    expect(await namesListed(await startDesk({ rules, overrides: { findApprovedTools } }))).toEqual(["find_flights"]);
  });

  it("has no tool that nobody has approved at its member, nor one that is another by now", async () => {
    stubMembers();
    const approve = async (definition: Members): Promise<Members> => ({
      resource: FLIGHTS,
      tools: [{ name: "search", fingerprint: await fingerprintTool(definition as never) }],
    });
    const flights = { tool_approval: "hold_back" };
    const good = await startDesk({ flights, approvedTools: await approve(SEARCH) });
    expect(await namesListed(good)).toEqual(["find_flights", "payslip"]);
    const changed = await startDesk({ flights, approvedTools: await approve({ ...SEARCH, description: "Else." }) });
    expect(await namesListed(changed)).toEqual(["payslip"]);
    await Promise.all(changed.reports);
    expect(changed.events).toContainEqual(
      expect.objectContaining({ type: "tool_definition", action: "changed", resource: FLIGHTS, target: "search" }),
    );
  });

  it("has no tool that declares headers as it must not [MCPT-15]", async () => {
    const properties = { a: { type: "string", "x-mcp-header": "Region" }, b: { type: "object", "x-mcp-header": "B" } };
    stubMembers({ flights: { tools: [{ ...SEARCH, inputSchema: { type: "object", properties } }] } });
    const gateway = await startDesk();
    expect(await namesListed(gateway)).toEqual(["payslip"]);
    const { b: _unfit, ...fit } = properties;
    stubMembers({ flights: { tools: [{ ...SEARCH, inputSchema: { type: "object", properties: fit } }] } });
    expect(await namesListed(gateway)).toEqual(["find_flights", "payslip"]);
  });

  it("passes on no member of a definition that leads to what the virtual server has not", async () => {
    const more = { _meta: { ui: { resourceUri: "ui://flights" } }, execution: { taskSupport: "required" }, extra: 1 };
    stubMembers({ flights: { tools: [{ ...SEARCH, ...more }] } });
    expect(resultIn(await callDesk(await startDesk(), LIST))).toEqual({ tools: [FIND_FLIGHTS, PAYSLIP] });
  });
});

describe("a member that cannot be asked", () => {
  it("is left out, the list says so, and it is put on record once an hour", async () => {
    stubMembers({ payroll: broken });
    const gateway = await startDesk();
    expect(resultIn(await callDesk(gateway, LIST))).toEqual({
      tools: [FIND_FLIGHTS],
      _meta: { "crossgate/missing": [{ server: PAYROLL, reason: "upstream_answer_malformed" }] },
    });
    const stateless = resultIn(await callDesk(gateway, statelessly("tools/list")));
    // Nobody is to go by half a list for a minute.
    expect(stateless).toMatchObject({ ttlMs: 0 });
    await Promise.all(gateway.reports);
    const missing = gateway.events.filter(({ type }) => type === "tool_definition");
    expect(missing[0]).toMatchObject({
      action: "missing",
      decision: "failed",
      resource: DESK,
      member: PAYROLL,
      reason: "upstream_answer_malformed",
    });
    expect(new Set(missing.map(({ id }) => id)).size).toBe(1);
  });

  it("by this person, who has no account there, is named with the address where to connect one, and not reported", async () => {
    stubMembers();
    const gateway = await startDesk({
      overrides: {
        supplyCredential: async ({ resource }) => {
          if (resource.resource === PAYROLL) throw new CredentialRefused("connection_required");
          return { headers: new Map(), facts: { type: "none", upstreamHost: "flights.example.net", kid: null } };
        },
      },
    });
    const connect_url = "https://crossgate.example/connect?link=for-usr_ada";
    expect(resultIn(await callDesk(gateway, LIST))).toEqual({
      tools: [FIND_FLIGHTS],
      _meta: { "crossgate/missing": [{ server: PAYROLL, reason: "connection_required", connect_url }] },
    });
    await Promise.all(gateway.reports);
    expect(gateway.events.map(({ type }) => type)).toEqual(["gateway_call"]);
  });

  it("is the answer where no member can be asked", async () => {
    stubMembers({ flights: broken, payroll: broken });
    const gateway = await startDesk();
    const { status } = await callDesk(gateway, LIST);
    expect([status, reasonsOf(gateway)]).toEqual([502, ["upstream_answer_malformed"]]);
  });
});
