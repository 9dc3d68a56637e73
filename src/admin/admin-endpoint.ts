import { type AuditEvent, type AuditFacts, makeAuditEvent, type RequestTrace } from "../audit/audit-event.ts";
import type { AuditAction } from "../audit/audit-type.ts";
import { Outage } from "../audit/reason.ts";
import { respondJson } from "../http/respond.ts";
import { CORRELATION_HEADER, traceRequest } from "../http/trace.ts";
import { authenticateAdmin, type Authenticated } from "./authentication/authenticate-admin.ts";
import type { AdminDependencies } from "./dependencies.ts";
import { matchRoute } from "./match.ts";
import { type AdminReason, respondProblem } from "./problem.ts";
import { AdminRejected } from "./rejection.ts";
import { digestBody, parseBody, readBody } from "./request-body.ts";
import { mayActAs } from "./roles.ts";
import { actionOf, actionOfMethod, type AdminRoute, type Answer, type Result } from "./route.ts";
import { ADMIN_ROUTES } from "./routes.ts";

/** One request: its trace, what may be used, and what is known of it so far, for the record of however it ends. */
interface Handling {
  readonly trace: RequestTrace;
  readonly uses: AdminDependencies;
  admin: string | null;
  operation: string | null;
  action: AuditAction;
  facts: Partial<AuditFacts>;
}

/**
 * Everything under /admin. Who it is comes first, so that a stranger hears the same whatever he asks for; then whether a
 * browser was led here; then which row of the table; then whether that row is for this role. A change is done when its
 * record is durable, and not before.
 */
export async function handleAdminRequest(request: Request, uses: AdminDependencies): Promise<Response> {
  const known = { admin: null, operation: null, action: actionOfMethod(request.method), facts: {} } as const;
  const handling: Handling = { trace: traceRequest(request), uses, ...known };
  try {
    return respond(await serve(request, handling), handling);
  } catch (error) {
    return refuse(error, handling);
  }
}

async function serve(request: Request, handling: Handling): Promise<Answer<unknown>> {
  const { uses, trace } = handling;
  if (!(await uses.isNetworkWithinRate(request))) throw new AdminRejected("admin_network_rate_limited");
  const authenticated = await authenticateAdmin(request, uses, Math.floor(trace.receivedAtMilliseconds / 1000));
  const { admin } = authenticated;
  handling.admin = admin.name;
  const body = await readBody(request);
  await spend(authenticated, body, uses);
  if (!(await uses.isAdminWithinRate(admin.name))) throw new AdminRejected("admin_rate_limited");
  requireSameOrigin(request);
  const { route, parameters } = findRoute(request);
  handling.operation = route.id;
  handling.action = actionOf(route);
  if (!mayActAs(admin.role, route.role)) throw new AdminRejected("admin_role_insufficient");
  const { text, value } = parseBody(body);
  const call = { admin, trace, headers: request.headers, parameters, body: value, bodyText: text };
  return complete(await route.run(call, uses), handling);
}

/** The body is the one that was signed, and the signature serves once. */
async function spend({ admin, signature }: Authenticated, body: Uint8Array, uses: AdminDependencies): Promise<void> {
  if (signature === null) return;
  const { jti, bodyDigest, retainUntilSeconds } = signature;
  if (bodyDigest !== (await digestBody(body))) throw new AdminRejected("admin_body_mismatch");
  const spendable = { admin: admin.name, jti, retainUntilSeconds, attemptId: crypto.randomUUID() };
  if ((await uses.consumeRequest(spendable)) === "replayed") throw new AdminRejected("admin_token_replayed");
}

/**
 * Cloudflare Access signs in by cookie, which a browser sends wherever a page leads it. Every page is another origin
 * here: MCP servers share ours. A person who opens an address himself comes from nowhere ("none").
 */
function requireSameOrigin({ headers }: Request): void {
  const site = headers.get("sec-fetch-site") ?? "none";
  if (headers.has("origin") || site !== "none") throw new AdminRejected("admin_cross_origin");
}

interface Found {
  readonly route: AdminRoute;
  readonly parameters: Readonly<Record<string, string>>;
}

function findRoute(request: Request): Found {
  const { pathname, searchParams } = new URL(request.url);
  const match = matchRoute(ADMIN_ROUTES, request.method, pathname);
  if (match.kind === "none") throw new AdminRejected("admin_route_unknown");
  if (match.kind === "method") {
    throw new AdminRejected("admin_method_not_allowed", { allowed: match.allowed });
  }
  const query = [...searchParams];
  const names = [...query.map(([name]) => name), ...Object.keys(match.parameters)];
  if (new Set(names).size < names.length) {
    throw new AdminRejected("admin_request_malformed", { explanation: "a parameter comes twice" });
  }
  return { route: match.route, parameters: { ...Object.fromEntries(query), ...match.parameters } };
}

async function complete(result: Result<unknown>, handling: Handling): Promise<Answer<unknown>> {
  handling.facts = result.facts ?? {};
  const event = describe({ decision: "granted", reason: null }, handling);
  if ("change" in result) {
    await handling.uses.recorder.record(event);
    return result.change();
  }
  handling.uses.recorder.recordInBackground(event);
  return result.answer;
}

function respond({ status, body, headers }: Answer<unknown>, { trace }: Handling): Response {
  return respondJson(status, body, { ...headers, [CORRELATION_HEADER]: trace.correlationId });
}

async function refuse(error: unknown, handling: Handling): Promise<Response> {
  const { uses, trace } = handling;
  const reason = reasonOf(error);
  if (!(error instanceof AdminRejected)) uses.reportFault(trace.correlationId, error);
  try {
    await account(error, reason, handling);
  } catch (unrecorded) {
    uses.reportFault(trace.correlationId, unrecorded);
    uses.recorder.count("admin", reasonOf(unrecorded));
    return respondProblem({ reason: reasonOf(unrecorded), correlationId: trace.correlationId });
  }
  const { path, explanation, allowed } = error instanceof AdminRejected ? error.detail : {};
  return respondProblem({ reason, correlationId: trace.correlationId, path, explanation, allowed });
}

/** Strangers are counted, or they would fill our records at their pleasure; so is a flood. */
async function account(error: unknown, reason: AdminReason, handling: Handling): Promise<void> {
  const { recorder } = handling.uses;
  const { admin, facts } = error instanceof AdminRejected ? error.detail : {};
  handling.admin ??= admin ?? null;
  handling.facts = { ...handling.facts, ...facts };
  if (handling.admin === null || reason === "admin_rate_limited") return recorder.count("admin", reason);
  const decision = error instanceof AdminRejected ? "refused" : "failed";
  await recorder.record(describe({ decision, reason }, handling));
}

function reasonOf(error: unknown): AdminReason {
  return error instanceof AdminRejected || error instanceof Outage ? error.reason : "fault";
}

type Verdict = Pick<AuditFacts, "decision"> & { readonly reason: AdminReason | null };

function describe(verdict: Verdict, { trace, admin, operation, action, facts }: Handling): AuditEvent {
  const all = { action, ...facts, ...verdict, type: "admin_action", admin, operation } as const;
  return makeAuditEvent(crypto.randomUUID(), trace, all);
}
