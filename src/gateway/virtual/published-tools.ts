import { Outage } from "../../audit/reason.ts";
import type { JsonObject } from "../../jwt/strict-json.ts";
import { LIMITS } from "../../limits.ts";
import type { Operation } from "../../policy/operation.ts";
import type { ToolFacts } from "../../policy/tool-annotations.ts";
import { membersOf } from "../../trust/virtual-server.ts";
import { showsTo } from "../authorization.ts";
import type { ForwardedCall } from "../call-record.ts";
import { listTools } from "../list-tools.ts";
import { isStateless } from "../mirrored-headers.ts";
import { CallRefused } from "../refusal.ts";
import { STATELESS_VERSION } from "../revisions.ts";
import { ToolGate, type ToolGateDependencies } from "../tool-gate.ts";
import type { Asked } from "./asked.ts";
import { authorizeThrough, findMember, type MemberDependencies } from "./member.ts";
import { type ConnectionDependencies, MemberConnection } from "./member-connection.ts";
import { headersForMember } from "./member-message.ts";
import { type MemberTool, type MemberTools, nameOf, publishTools, uniqueTools } from "./published-list.ts";
import type { MissingMember } from "./report-missing.ts";

export interface PublishedToolsDependencies extends MemberDependencies, ConnectionDependencies, ToolGateDependencies {
  readonly reportMissing: (missing: MissingMember) => void;
}

interface Missing {
  readonly server: string;
  readonly error: CallRefused | Outage;
}

type Found = { readonly tools: ReadonlyMap<string, MemberTool> } | Missing;

/**
 * What the caller may use of the published tools, as their members define them now; those of a member that cannot be
 * asked are left out, and the list says so. No pages: a document names fewer tools than one holds.
 * @throws CallRefused, Outage, where no member can be asked
 */
export async function listPublished(asked: Asked, uses: PublishedToolsDependencies): Promise<JsonObject> {
  const { call, server, message, caller } = asked;
  // No cursor is ours.
  if (message.params["cursor"] !== undefined) throw new CallRefused("message_malformed");
  const isShown = showsTo(caller);
  const isWorthAsking = (name: string): boolean => isShown(callOf(name, "to_be_learned"));
  const wanted = Object.fromEntries(Object.entries(server.virtual.tools).filter(([name]) => isWorthAsking(name)));
  const members = membersOf({ tools: wanted });
  const found = await Promise.all(members.map(async (name) => [name, await askMember(name, asked, uses)] as const));
  const missing = found.flatMap(([, one]) => ("error" in one ? [one] : []));
  const [first] = missing;
  if (first !== undefined && missing.length === members.length) throw first.error;
  for (const { server: member, error } of missing) {
    uses.reportMissing({ trace: call.trace, resource: server.resource, member, reason: error.reason });
  }
  const tools: MemberTools = new Map(found.flatMap(([name, one]) => ("tools" in one ? [[name, one.tools]] : [])));
  const listed = publishTools({ tools: wanted }, tools).filter(({ name, facts }) => isShown(callOf(name, facts)));
  return resultOf(
    listed.map(({ item }) => item),
    missing,
    isStateless(call.request.headers, message),
  );
}

/** What arguments decide is decided when they are known. */
function callOf(name: string, tool: ToolFacts | "to_be_learned" | undefined): Operation {
  return { method: "tools/call", kind: "tool", name, arguments: null, ...(tool === undefined ? {} : { tool }) };
}

function resultOf(tools: readonly JsonObject[], missing: readonly Missing[], isClientStateless: boolean): JsonObject {
  const isWhole = missing.length === 0;
  const named = missing.map(({ server, error }) => ({
    server,
    reason: error.reason,
    ...(error instanceof CallRefused && error.connectUrl !== null ? { connect_url: error.connectUrl } : {}),
  }));
  return {
    ...(isClientStateless ? { resultType: "complete" } : {}),
    tools,
    ...(isClientStateless ? { ttlMs: isWhole ? LIMITS.listFreshMilliseconds : 0, cacheScope: "private" } : {}),
    ...(isWhole ? {} : { _meta: { "crossgate/missing": named } }),
  };
}

async function askMember(identifier: string, asked: Asked, uses: PublishedToolsDependencies): Promise<Found> {
  const { call, server } = asked;
  let connection: MemberConnection | null = null;
  try {
    const member = await findMember(identifier, server, uses);
    const authorization = authorizeThrough(asked.authorization, member);
    const reached: ForwardedCall = { ...call, resource: member.document, resourceRevision: member.revision };
    connection = new MemberConnection(reached, authorization, uses);
    return { tools: await readTools({ ...asked, reached, connection }, uses) };
  } catch (error) {
    if (error instanceof CallRefused || error instanceof Outage) return { server: identifier, error };
    throw error;
  } finally {
    connection?.close();
  }
}

interface Reading extends Asked {
  readonly reached: ForwardedCall;
  readonly connection: MemberConnection;
}

async function readTools(
  { server, caller, reached, connection }: Reading,
  uses: PublishedToolsDependencies,
): Promise<ReadonlyMap<string, MemberTool>> {
  const { resource, request, trace } = reached;
  const version = await connection.learnVersion();
  const headers = headersForMember(request.headers, null, version);
  const memberCall = { ...reached, request: new Request(request.url, { method: "POST", headers }) };
  const selected = new Set(
    Object.values(server.virtual.tools)
      .filter((published) => published.server === resource.resource)
      .map(({ tool }) => tool),
  );
  const items = await listTools({
    forwarding: {
      request: memberCall.request,
      trace,
      upstream: resource.upstream,
      rules: uses.egress,
      body: null,
      upstreamSessionId: null,
      endsAtMilliseconds: null,
    },
    statelessVersion: version === STATELESS_VERSION ? version : null,
    upstream: connection,
    pageBytes: LIMITS.memberListBytes,
    isWanted: (item) => selected.has(nameOf(item) ?? ""),
  });
  const gate = await ToolGate.open(memberCall, { ...caller, resource }, uses);
  if (gate === null) return new Map([...uniqueTools(items)].map(([name, item]) => [name, { item, facts: undefined }]));
  const judged = (await gate.judge(items, null)).filter(({ isHeldBack }) => !isHeldBack);
  const facts = new Map(judged.map((tool) => [nameOf(tool.item), tool.facts]));
  const unique = uniqueTools(judged.map(({ item }) => item));
  return new Map([...unique].map(([name, item]) => [name, { item, facts: facts.get(name) }]));
}
