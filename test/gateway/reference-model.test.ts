import { expect, it } from "vitest";
import { requirePermitted } from "../../src/gateway/authorization.ts";
import { parseMessage } from "../../src/gateway/message.ts";
import { requireAgreement } from "../../src/gateway/mirrored-headers.ts";
import { operationOf } from "../../src/gateway/operation.ts";
import { CallRefused } from "../../src/gateway/refusal.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { makeAccessToken } from "../support/caller.ts";
import { Random } from "../support/random.ts";
import {
  CONDITIONS,
  referenceDecision,
  type ReferenceRule,
  type ReferenceScope,
  type Situation,
} from "../support/reference-decision.ts";
import { makePolicy, makeResource, NOW } from "../support/redemption.ts";

const ROUNDS = 100_000;
const POLICIES = 200;
const TOOLS = ["read_file", "write_file", "delete_file", "pay", "Read_File", "read_file2", "*", "tools/list"];
const PATTERNS = ["read_*", "*_file", "pay", "*", "delete_file", "Read_*", "nothing"];
const METHODS = ["tools/call", "tools/call", "tools/call", "tools/list", "prompts/list", "ping", "logging/setLevel"];
const SCOPES = ["s:read", "s:write", "s:any", "s:extra"];
const encoder = new TextEncoder();

const random = new Random(2026);
const maybe = (odds: number): boolean => random.next() < odds;
const some = <Item>(items: readonly Item[]): Item[] => items.filter(() => maybe(0.4));

function randomServer(): readonly ReferenceScope[] {
  return SCOPES.slice(0, 3).map((name) => ({
    name,
    methods: name === "s:any" ? ["tools/call", ...some(METHODS.slice(3))] : some(METHODS.slice(3, 5)),
    tools: some(TOOLS),
  }));
}

function randomRule(id: string): ReferenceRule {
  const effect = maybe(0.75) ? "permit" : "deny";
  const condition = random.pick(Object.keys(CONDITIONS) as (keyof typeof CONDITIONS)[]);
  const calls = {
    ...(maybe(0.7) && { tools: some(PATTERNS) }),
    ...(maybe(0.2) && { methods: some(["tools/*", "prompts/list", "logging/setLevel"]) }),
    ...(maybe(0.3) && { condition }),
  };
  const permit = {
    scopes: maybe(0.3) ? ("any" as const) : some(SCOPES),
    ...(maybe(0.2) && { acr: ["phr"] }),
    ...(maybe(0.1) && { dpop_required: true }),
  };
  return {
    id,
    effect,
    clients: maybe(0.6) ? "any" : [random.pick(["agent", "other"])],
    resources: "any",
    ...(maybe(0.3) && { groups: some(["staff", "interns"]) }),
    ...(effect === "permit" && permit),
    ...(maybe(0.7) && {
      calls: effect === "permit" && maybe(0.2) ? { ...calls, scopes_required: ["s:extra"] } : calls,
    }),
  };
}

interface World {
  readonly scopes: readonly ReferenceScope[];
  readonly rules: readonly ReferenceRule[];
  readonly policy: Policy;
  readonly resource: ReturnType<typeof makeResource>;
}

function randomWorld(): World {
  const scopes = randomServer();
  const rules = Array.from({ length: 1 + random.below(6) }, (_none, index) => randomRule(`rule-${index}`));
  const meanings = scopes.map(({ name, methods, tools }) => [name, { description: name, methods, tools }]);
  const resource = makeResource({ scopes: Object.fromEntries(meanings), challenge_scopes: [] });
  return { scopes, rules, policy: makePolicy({ rules }), resource };
}

function randomSituation(): Situation {
  const method = random.pick(METHODS);
  const amount = random.pick([1, 100, 100.5, "1", null]);
  return {
    client: random.pick(["agent", "other"]),
    groups: some(["staff", "interns"]),
    acr: maybe(0.3) ? "phr" : null,
    isKeyBound: maybe(0.3),
    scope: some(SCOPES),
    method,
    name: method === "tools/call" ? random.pick(TOOLS) : null,
    arguments:
      method !== "tools/call"
        ? {}
        : { ...(maybe(0.8) && { amount }), ...(maybe(0.6) && { path: random.pick(["/public/a", "/public", "x"]) }) },
  };
}

/** How somebody could spell it, so that a careless reader reads something else. */
type Encoding = "plain" | "escaped" | "spaced" | "name_twice" | "method_twice" | "other_case" | "batch";
const ENCODINGS: readonly Encoding[] = [
  "plain",
  "plain",
  "escaped",
  "escaped",
  "spaced",
  "name_twice",
  "method_twice",
  "other_case",
  "batch",
];
const AMBIGUOUS = new Set<Encoding>(["name_twice", "method_twice", "other_case", "batch"]);

function escapeAll(text: string): string {
  return text
    .split("")
    .map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}

function spell({ method, name, arguments: given }: Situation, encoding: Encoding, isStateless: boolean): string {
  const quote = (text: string): string => (encoding === "escaped" ? `"${escapeAll(text)}"` : JSON.stringify(text));
  const named = name === null ? [] : [`"name":${quote(name)}`, `"arguments":${JSON.stringify(given)}`];
  const version = '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}';
  const params = [...random.shuffle(named), ...(isStateless ? [version] : [])];
  if (encoding === "name_twice") params.push('"name":"read_file"', '"name":"pay"');
  if (encoding === "other_case") params.push('"Name":"read_file"');
  const members = random.shuffle([
    '"jsonrpc":"2.0"',
    '"id":1',
    `"method":${quote(method)}`,
    `"params":{${params.join(",")}}`,
  ]);
  const all = encoding === "method_twice" ? [...members, '"method":"ping"'] : members;
  const text = `{${all.join(encoding === "spaced" ? " ,\n\t" : ",")}}`;
  return encoding === "batch" ? `[${text}]` : text;
}

function headersFor({ method, name }: Situation, isStateless: boolean, lie: "method" | "name" | null): Headers {
  if (!isStateless) return new Headers({ "mcp-protocol-version": "2025-11-25" });
  const headers = new Headers({
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": lie === "method" ? "ping2" : method,
  });
  const said = lie === "name" ? "another" : name;
  if (said !== null) headers.set("mcp-name", maybe(0.3) ? `=?base64?${btoa(said)}?=` : said);
  return headers;
}

function decisionOn({ policy, resource }: World, asked: Situation, text: string, headers: Headers): string {
  const token = makeAccessToken({
    clientId: asked.client,
    groups: new Set(asked.groups),
    scope: new Set(asked.scope),
    authentication: { authTimeSeconds: null, acr: asked.acr, amr: [] },
    confirmedKey: asked.isKeyBound ? "thumbprint" : null,
  });
  const caller = {
    token,
    resource,
    policy: { document: policy, revision: "" },
    isFactsComplete: true,
    nowSeconds: NOW,
  };
  try {
    const message = parseMessage(encoder.encode(text));
    requireAgreement(headers, message);
    requirePermitted(caller, operationOf(message));
    return "permit";
  } catch (error) {
    if (error instanceof CallRefused) return error.reason;
    throw error;
  }
}

it(`decides ${ROUNDS} random calls as a short reference model does: who, server, tool, arguments, encoding, era`, () => {
  const worlds = Array.from({ length: POLICIES }, randomWorld);
  const seen = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round += 1) {
    const world = random.pick(worlds);
    const asked = randomSituation();
    const [encoding, isStateless] = [random.pick(ENCODINGS), maybe(0.5)];
    const lie = isStateless && maybe(0.05) ? (asked.name !== null && maybe(0.5) ? "name" : "method") : null;
    const text = spell(asked, encoding, isStateless);
    const expected = AMBIGUOUS.has(encoding)
      ? "message_malformed"
      : lie === null
        ? referenceDecision(world.rules, world.scopes, asked)
        : "message_header_mismatch";
    const decided = decisionOn(world, asked, text, headersFor(asked, isStateless, lie));
    if (decided !== expected) expect({ round, text, asked, rules: world.rules, decided }).toEqual(expected);
    seen.set(decided, (seen.get(decided) ?? 0) + 1);
  }
  // A run in which some answer hardly came up would prove little of it.
  const answers = [
    "permit",
    "operation_unknown",
    "call_denied",
    "call_condition_failed",
    "call_no_rule",
    "scope_insufficient",
  ];
  const all = [...answers, "call_authentication", "token_binding", "message_malformed", "message_header_mismatch"];
  for (const answer of all) expect(seen.get(answer) ?? 0, answer).toBeGreaterThan(ROUNDS / 1000);
}, 120_000);
