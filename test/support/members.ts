import { CROSSGATE, type Members } from "./documents.ts";
import { type CallChanges, type Sent, stubUpstream, type UpstreamDouble } from "./gateway.ts";

/** One endpoint that publishes a tool of each of two servers, of which one speaks in either era of MCP. */
export const DESK = `${CROSSGATE}/mcp/desk`;
export const FLIGHTS = `${CROSSGATE}/mcp/flights`;
export const PAYROLL = `${CROSSGATE}/mcp/payroll`;
export const FLIGHTS_UPSTREAM = "https://flights.example.net/mcp";
export const PAYROLL_UPSTREAM = "https://payroll.example.net/mcp";

export function deskDocument(overrides: Members = {}): Members {
  return {
    resource: DESK,
    name: "Desk",
    upstream: undefined,
    virtual: {
      tools: {
        find_flights: { server: FLIGHTS, tool: "search", description: "Finds flights." },
        payslip: { server: PAYROLL, tool: "read_payslip" },
      },
    },
    scopes: { "files:read": { description: "All of it", methods: ["tools/list"], tools: ["find_flights", "payslip"] } },
    ...overrides,
  };
}

export function flightsDocument(overrides: Members = {}): Members {
  return { resource: FLIGHTS, name: "Flights", upstream: FLIGHTS_UPSTREAM, scopes: {}, ...overrides };
}

export function payrollDocument(overrides: Members = {}): Members {
  return { resource: PAYROLL, name: "Payroll", upstream: PAYROLL_UPSTREAM, scopes: {}, ...overrides };
}

/** What one member does; what is absent it does as any server would. */
export interface MemberScript {
  readonly era?: "stateless" | "sessions";
  readonly tools?: readonly unknown[];
  /** The answer to tools/call. */
  readonly call?: (message: JsonRpc, sent: Sent) => Response | Promise<Response>;
  /** Before anything else; null where it has nothing to say. */
  readonly first?: (message: JsonRpc, sent: Sent) => Response | Promise<Response> | null;
}

export interface JsonRpc {
  readonly id?: string | number;
  readonly method: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

export const SEARCH = { name: "search", description: "Searches.", inputSchema: { type: "object" } };
export const READ_PAYSLIP = { name: "read_payslip", description: "Reads.", inputSchema: { type: "object" } };
const STATELESS = "2026-07-28";

/** Both members: flights in the stateless era and payroll in that of sessions, but for what the scripts say. */
export function stubMembers({ flights = {}, payroll = {} }: { flights?: MemberScript; payroll?: MemberScript } = {}) {
  const members: Readonly<Record<string, MemberScript>> = {
    [FLIGHTS_UPSTREAM]: { era: "stateless", tools: [SEARCH, { ...SEARCH, name: "book" }], ...flights },
    [PAYROLL_UPSTREAM]: { era: "sessions", tools: [READ_PAYSLIP, { ...READ_PAYSLIP, name: "set_salary" }], ...payroll },
  };
  return stubUpstream((sent) => answer(members[sent.url] ?? {}, sent));
}

async function answer(member: MemberScript, sent: Sent): Promise<Response> {
  if (sent.method === "DELETE") return new Response(null, { status: 204 });
  const message = JSON.parse(sent.body ?? "{}") as JsonRpc;
  const scripted = await member.first?.(message, sent);
  if (scripted) return scripted;
  if (message.id === undefined) return new Response(null, { status: 202 });
  const isStateless = sent.headers.get("mcp-protocol-version") === STATELESS;
  if (isStateless !== (member.era === "stateless")) return errorOf(message, 400);
  if (message.method === "tools/call") {
    return member.call?.(message, sent) ?? resultOf(message, { content: [], ...(isStateless ? COMPLETE : {}) });
  }
  if (message.method === "tools/list") return resultOf(message, { tools: member.tools });
  if (message.method === "server/discover") return resultOf(message, { supportedVersions: [STATELESS] });
  if (message.method !== "initialize") return errorOf(message, 200);
  return resultOf(message, { protocolVersion: "2025-11-25", capabilities: {} }, { "mcp-session-id": "of-the-member" });
}

const COMPLETE = { resultType: "complete" };

export function resultOf({ id }: JsonRpc, result: object, headers: Readonly<Record<string, string>> = {}): Response {
  return Response.json({ jsonrpc: "2.0", id, result }, { headers });
}

export function errorOf({ id }: JsonRpc, status: number): Response {
  return Response.json({ jsonrpc: "2.0", id, error: { code: -32_601, message: "unknown here" } }, { status });
}

/** The messages that one member was sent, in their order. */
export function messagesTo({ sent }: UpstreamDouble, url: string): readonly JsonRpc[] {
  return sent
    .filter((one) => one.url === url && one.body !== null)
    .map(({ body }) => JSON.parse(body ?? "") as JsonRpc);
}

export function methodsTo(upstream: UpstreamDouble, url: string): readonly string[] {
  const sent = upstream.sent.filter((one) => one.url === url);
  return sent.map(({ method, body }) => (body === null ? method : (JSON.parse(body) as JsonRpc).method));
}

/** What the member was sent of the tool's call; the last one. */
export function toolCallTo({ sent }: UpstreamDouble, url: string): (Sent & { readonly message: JsonRpc }) | null {
  const calls = sent
    .filter((one) => one.url === url && one.body !== null)
    .map((one) => ({ ...one, message: JSON.parse(one.body ?? "") as JsonRpc }));
  return calls.findLast(({ message }) => message.method === "tools/call") ?? null;
}

/** A call of a published tool, in the era of sessions. */
export function callOf(name: string, params: Members = {}): Members {
  return { jsonrpc: "2.0", id: 7, method: "tools/call", params: { name, ...params } };
}

/** The same in the stateless era, with the headers that repeat it. */
export function statelessly(method: string, params: Members = {}, meta: Members = {}): CallChanges {
  const name = params["name"];
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": STATELESS,
    "io.modelcontextprotocol/clientCapabilities": {},
    ...meta,
  };
  const headers = { "mcp-protocol-version": STATELESS, "mcp-method": method };
  return {
    message: { jsonrpc: "2.0", id: 7, method, params: { ...params, _meta } },
    headers: { ...headers, ...(typeof name === "string" ? { "mcp-name": name } : {}) },
  };
}
