import { afterEach, describe, expect, it, vi } from "vitest";
import { type CallQuestion, readCall } from "../../../cli/explain/call-question.ts";
import { describeCall } from "../../../cli/explain/describe-call.ts";
import { explainCall } from "../../../cli/explain/explain-call.ts";
import { storeOver } from "../../../cli/explain/trust-texts.ts";
import { ThrowawayKeys } from "../../../src/explain/throwaway-keys.ts";
import { fingerprintTool } from "../../../src/trust/tool-definition.ts";
import {
  CROSSGATE,
  denyRule,
  IDP,
  type Members,
  permitRule,
  RESOURCE,
  resourceDocument,
} from "../../support/documents.ts";
import { acmeFiles, DEPLOYMENT, policyWith, stored } from "../acme-fixture.ts";
import { runCrossgate } from "../run-crossgate.ts";

const READ: CallQuestion = { tool: "read_file", arguments: { path: "/a" } };
const SECRET = "AKIAIOSFODNN7EXAMPLE";
const keys = new ThrowawayKeys();

afterEach(() => vi.restoreAllMocks());

interface World {
  readonly rules?: readonly Members[];
  readonly resource?: Members;
  /** Another server, whose tools it may publish. */
  readonly member?: Members;
  readonly tools?: readonly Members[];
  readonly claims?: Members;
  readonly provesKey?: boolean;
}

/** Nothing may leave this process, whatever is explained. */
async function explain(
  question: CallQuestion,
  { rules, resource, member, tools, claims, provesKey = false }: World = {},
) {
  const fetched = vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("no network"));
  const files = acmeFiles({
    "resource/files.json": resourceDocument(resource),
    ...(member === undefined ? {} : { "resource/member.json": member }),
    ...policyWith(...(rules ?? [permitRule({ scopes: "any" })])),
  });
  const approved =
    tools === undefined ? [] : [{ key: `tools:${RESOURCE}`, value: JSON.stringify({ resource: RESOURCE, tools }) }];
  const request = {
    stated: { header: null, claims: { iss: IDP, sub: "ada", scope: "files:read files:write", ...claims } },
    clientId: "agent",
    resource: null,
    scope: null,
    authorizationDetails: null,
    provesKey,
    nowSeconds: Math.floor(Date.now() / 1000),
  };
  const world = { issuer: CROSSGATE, store: storeOver([...stored(files), ...approved], DEPLOYMENT.rules), keys };
  const explained = await explainCall(request, question, world);
  expect(fetched).not.toHaveBeenCalled();
  return explained;
}

const conditionsOf = (call: Awaited<ReturnType<typeof explain>>, rule: string) =>
  call.rules.find((one) => one.rule === rule)?.conditions.map(({ condition, outcome }) => `${condition} ${outcome}`);

describe("why a call", () => {
  it("goes to its server: by which rules, with which token", async () => {
    const call = await explain(READ);
    expect(call).toMatchObject({
      decision: "forwarded",
      reason: null,
      status: null,
      policy_rules: ["agent-reads-files"],
    });
    expect(call.token).toMatchObject({ decision: "granted", scope_granted: "files:read files:write" });
  });

  it("is refused: by a deny about its arguments, with each condition of each rule", async () => {
    const deny = denyRule({ id: "never", calls: { tools: ["read_file"], condition: 'arguments.path == "/a"' } });
    const call = await explain(READ, { rules: [permitRule({ scopes: "any" }), deny] });
    expect(call).toMatchObject({ decision: "refused", reason: "call_denied", status: 403, policy_rules: ["never"] });
    expect(conditionsOf(call, "never")).toEqual(expect.arrayContaining(["calls holds", "calls.condition holds"]));
    const other = await explain(
      { tool: "read_file", arguments: { path: "/b" } },
      { rules: [permitRule({ scopes: "any" }), deny] },
    );
    expect(other.decision).toBe("forwarded");
    expect(conditionsOf(other, "never")).toContain("calls.condition does_not_hold");
    const failing = await explain(
      { tool: "read_file", arguments: {} },
      { rules: [permitRule({ scopes: "any" }), deny] },
    );
    expect(failing).toMatchObject({ decision: "refused", reason: "call_condition_failed" });
    expect(conditionsOf(failing, "never")).toContain("calls.condition failed");
  });

  it("is refused for what its token lacks, with what the client is told", async () => {
    const more = permitRule({ scopes: "any", calls: { tools: ["*"], scopes_required: ["files:write"] } });
    const call = await explain(READ, { rules: [more], claims: { scope: "files:read" } });
    expect(call).toMatchObject({ reason: "scope_insufficient", challenge: expect.stringContaining("files:write") });
    expect(conditionsOf(call, "agent-reads-files")).toContain("scopes_required does_not_hold");
  });

  it("is refused before that: its claims get no token", async () => {
    const call = await explain(READ, { claims: { aud: "https://elsewhere.example" } });
    expect(call).toMatchObject({ decision: "refused", reason: "assertion_audience", status: null });
  });

  it("waits, and who could approve it", async () => {
    const approvers = { groups: ["leads"], subjects: [{ issuer: IDP, sub: "boss" }] };
    const held = permitRule({ id: "held", scopes: "any", calls: { tools: ["read_file"] }, approval: { approvers } });
    const call = await explain(READ, { rules: [permitRule({ scopes: "any" }), held] });
    expect(call).toMatchObject({ decision: "held", reason: "approval_pending", approvers: [{ rule: "held" }] });
    expect(describeCall(call)).toMatch(/To be approved by:\n {2}held: groups leads; or subjects boss at https/);
  });

  it("is stopped by a guardrail, or would go to one elsewhere that nobody asks here", async () => {
    const guardrails = [
      { name: "keys", type: "secrets" },
      { name: "dlp", type: "external", url: "https://dlp.example.net/", secret: "dlp" },
    ];
    const stopped = await explain({ tool: "read_file", arguments: { path: SECRET } }, { resource: { guardrails } });
    expect(stopped).toMatchObject({
      decision: "refused",
      reason: "guardrail_blocked",
      guardrails: [{ name: "keys", outcome: "blocked", count: 1, is_asked: true }],
    });
    expect(JSON.stringify({ ...stopped, token: null })).not.toContain(SECRET);
    const passed = await explain(READ, { resource: { guardrails } });
    expect(passed.decision).toBe("forwarded");
    expect(describeCall(passed)).toContain("dlp: not asked; taken to allow it");
  });

  it("is of a tool as people have approved it, its annotations and schema included", async () => {
    const definition = {
      name: "read_file",
      annotations: { readOnlyHint: true },
      inputSchema: { type: "object", properties: { path: { type: "string" } } },
    };
    const tools = [{ name: "read_file", fingerprint: await fingerprintTool(definition), definition }];
    const rules = [permitRule({ scopes: "any", calls: { annotations: { readOnlyHint: true } } })];
    const resource = { tool_approval: "hold_back", guardrails: [{ name: "schema", type: "arguments_schema" }] };
    expect((await explain(READ, { rules, resource, tools })).decision).toBe("forwarded");
    const misfit = await explain({ tool: "read_file", arguments: { path: 1 } }, { rules, resource, tools });
    expect(misfit.reason).toBe("guardrail_blocked");
    const unapproved = await explain(READ, { rules, resource: { tool_approval: "hold_back" }, tools: [] });
    expect(unapproved.reason).toBe("tool_not_approved");
  });

  it("goes on with a token that is bound to a key, by a proof of it", async () => {
    const rules = [permitRule({ scopes: "any", dpop_required: true })];
    expect((await explain(READ, { rules, provesKey: true })).decision).toBe("forwarded");
  });

  describe("of a virtual server", () => {
    const OTHER = "https://crossgate.example/mcp/other";
    const virtual = { tools: { read_file: { server: OTHER, tool: "read" } } };
    const SCOPES = { "files:read": { description: "Read", methods: ["tools/list", "tools/call"] } };
    const desk = { upstream: undefined, virtual, scopes: SCOPES };
    const member = (overrides: Members = {}): Members =>
      resourceDocument({ resource: OTHER, name: "Other", ...overrides });

    it("is judged by its published name, and by what holds at its member", async () => {
      const seen = await explain(READ, { resource: desk, member: member() });
      expect(seen.decision).toBe("forwarded");
      const guardrails = [{ name: "keys", type: "secrets", action: "block" }];
      const held = await explain(
        { tool: "read_file", arguments: { path: SECRET } },
        { resource: desk, member: member({ guardrails }) },
      );
      expect(held).toMatchObject({ decision: "refused", reason: "guardrail_blocked" });
      const unapproved = { resource: desk, member: member({ tool_approval: "hold_back" }) };
      expect(await explain(READ, unapproved)).toMatchObject({ decision: "refused", reason: "tool_not_approved" });
    });

    it("is held where a rule about the published name says so", async () => {
      const approval = { approvers: { groups: ["leads"] } };
      const rules = [permitRule({ scopes: "any", calls: { tools: ["read_file"] }, approval })];
      expect((await explain(READ, { resource: desk, member: member(), rules })).decision).toBe("held");
    });

    it("is refused where the tool is not published, or its member not to be had", async () => {
      const named = { tool: "read", arguments: {} };
      const unpublished = await explain(named, { resource: desk, member: member() });
      expect(unpublished).toMatchObject({ decision: "refused", reason: "operation_unknown" });
      const without = await explain(READ, { resource: desk });
      expect(without).toMatchObject({ decision: "failed", reason: "member_unusable" });
    });
  });

  it("is any method's", async () => {
    expect((await explain({ method: "tools/list", params: {} })).decision).toBe("forwarded");
    expect(await explain({ method: "prompts/get", params: { name: "p" } })).toMatchObject({
      decision: "refused",
      reason: "operation_unknown",
    });
    expect((await explain({ method: "tools/call", params: {} })).decision).toBe("refused");
  });
});

describe("a call that somebody writes down", () => {
  it("is a tool and its arguments, or a method and its parameters", async () => {
    expect(await readCall('{"tool":"a"}')).toEqual({ tool: "a", arguments: {} });
    expect(await readCall('{"method":"a","params":{"b":1}}')).toEqual({ method: "a", params: { b: 1 } });
  });

  it.each(["{", '{"tool":1}', "{}", '{"tool":"a","params":{}}', '{"tool":"a","tool":"b"}', "/nowhere/call.json"])(
    "is not %s",
    async (text) => {
      await expect(readCall(text)).rejects.toThrow(/--call|nowhere/);
    },
  );

  it("is explained by the command, under the documents of a directory", async () => {
    const claims = JSON.stringify({
      iss: "http://127.0.0.1:8788",
      sub: "ada",
      scope: "tools:echo",
      resource: "http://127.0.0.1:8787/everything/mcp",
    });
    const words = ["explain", "--client", "desktop-agent", "--claims", "-", "config", "--local", "--call"];
    const { code, stdout } = await runCrossgate([...words, '{"tool":"echo"}', "--json"], { input: claims });
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { decision: "forwarded", token: { decision: "granted" } }]);
    const wrong = await runCrossgate([...words, '{"tol":"echo"}'], { input: claims });
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('write {"tool": "…"')]);
  });
});
