import { env } from "cloudflare:workers";
import { onTestFinished, vi } from "vitest";
import { CallLimits } from "../../durable-objects/call-limits.ts";
import { Approvals } from "../../durable-objects/approvals.ts";
import { acceptProviderToken, type ProviderAccessDependencies } from "../../src/access-token/provider-access.ts";
import { type AuditEvent, auditEventSchema } from "../../src/audit/audit-event.ts";
import { Recorder } from "../../src/audit/recorder.ts";
import { SubjectNames } from "../../src/audit/subject-names.ts";
import { type GatewayDependencies, handleGatewayRequest } from "../../src/gateway/gateway.ts";
import { openEgress } from "../../src/egress/exchange.ts";
import { KnownTools } from "../../src/gateway/known-tools.ts";
import { reportHeldBack } from "../../src/gateway/report-held-back.ts";
import { Sessions } from "../../src/gateway/session.ts";
import { MemberEras } from "../../src/gateway/virtual/member-eras.ts";
import { reportMissing } from "../../src/gateway/virtual/report-missing.ts";
import { SealedTexts } from "../../src/jwt/sealed-text.ts";
import { readVerificationKey } from "../../src/jwt/json-web-key.ts";
import type { Consumption } from "../../src/redemption/dependencies.ts";
import { type DpopKey, makeProof } from "./dpop.ts";
import {
  CLIENT,
  CROSSGATE,
  type Members,
  ORGANIZATION,
  permitRule,
  policyDocument,
  RESOURCE,
  resourceDocument,
} from "./documents.ts";
import { parseDocument } from "./redemption.ts";
import { makeTestKey, signText, type TestKey } from "./test-idp.ts";

/** One request as the gateway gave it to `fetch`. */
export interface Sent {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string | null;
  readonly init: RequestInit;
}

export type UpstreamScript = (sent: Sent) => Response | Promise<Response>;

/** Stands for every MCP server there is: what the gateway fetches ends here. */
export interface UpstreamDouble {
  readonly sent: readonly Sent[];
  /** All that it was ever sent, as one text to search. */
  everything(): string;
}

/** Until the test has finished, which has it restored. */
export function stubUpstream(script: UpstreamScript = answerResult): UpstreamDouble {
  const sent: Sent[] = [];
  const double = vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init = {}) => {
    const request = new Request(input, init);
    const body = request.body === null ? null : await request.text();
    const one = { url: request.url, method: request.method, headers: new Headers(init.headers), body, init };
    sent.push(one);
    return script(one);
  });
  onTestFinished(() => double.mockRestore());
  const spell = ({ headers, ...rest }: Sent): unknown => ({ ...rest, headers: [...headers] });
  return { sent, everything: () => JSON.stringify(sent.map(spell)) };
}

/** The plainest of servers: every request has a result, every notification is accepted. */
export function answerResult({ body }: Sent): Response {
  const { id } = JSON.parse(body ?? "{}") as { id?: unknown };
  if (id === undefined) return new Response(null, { status: 202 });
  return Response.json({ jsonrpc: "2.0", id, result: { content: [] } });
}

export interface GatewayOptions {
  /** What differs from the ordinary document, one for each server; a server like that of `documents.ts` when absent. */
  readonly resources?: readonly Members[];
  /** The document tools:<resource> of the first server; none when absent. */
  readonly approvedTools?: Members;
  /** Of the organization's policy; one that permits whatever scopes mean, to whoever comes, when absent. */
  readonly rules?: readonly Members[];
  readonly overrides?: Partial<GatewayDependencies>;
  /** What is behind providers whose own tokens are taken; nobody when absent. */
  readonly providerAccess?: ProviderAccessDependencies;
}

const NO_PROVIDERS: ProviderAccessDependencies = {
  findIdp: async () => null,
  findKey: async () => "no_key",
  findClient: async () => null,
  resolveSubject: async () => "unknown",
};

export interface CallChanges {
  readonly url?: string;
  /** As it came over the wire. The constructor of Request puts a URL right; the runtime's own requests keep theirs. */
  readonly rawUrl?: string;
  readonly method?: string;
  /** Instead of a token that is good for `url`; null for none at all. */
  readonly token?: string | null;
  readonly scheme?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Spelled by JSON.stringify, or as it stands where it is text, bytes or a stream of them. */
  readonly message?: unknown;
  readonly signal?: AbortSignal;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** `error.code` of a JSON-RPC error. */
  readonly errorCode: number | null;
  readonly challenge: string | null;
}

export const READ_FILE = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "read_file" } };
export const LIST_TOOLS = { jsonrpc: "2.0", id: 1, method: "tools/list" };
export const UPSTREAM = "https://files.example.net/mcp";

/** The desks of the deployment under test: the objects themselves. */
export const approvals = new Approvals(env.APPROVAL_DESK, { jurisdiction: null, locationHint: null });

const PERMIT_ALL = [permitRule({ clients: "any", resources: "any", scopes: "any" })];

/** A gateway of the real parts, with a signing key that tests hold too and a ledger that remembers in memory. */
export class TestGateway {
  readonly events: AuditEvent[] = [];
  readonly counted: string[] = [];
  readonly faults: unknown[] = [];
  /** What goes on when the answer is out. */
  readonly outlasting: Promise<unknown>[] = [];
  /** What is being recorded of tools that were held back, or are missing. */
  readonly reports: Promise<void>[] = [];
  readonly dependencies: GatewayDependencies;
  readonly key: TestKey;

  private constructor(
    key: TestKey,
    { resources = [{}], rules = PERMIT_ALL, overrides = {}, approvedTools, providerAccess }: GatewayOptions,
  ) {
    this.key = key;
    const verificationKey = readVerificationKey(key.publicJwk);
    if (typeof verificationKey === "string") throw new TypeError(verificationKey);
    this.dependencies = {
      issuer: CROSSGATE,
      keys: { keys: [verificationKey] },
      consumeProof: rememberProofs(),
      isRevoked: async () => false,
      findResource: findAmong(resources),
      findPolicy: async (organization) => ({
        document: parseDocument("policy", organization, policyDocument({ organization, rules })),
        revision: "policy-1",
      }),
      isClientWithinRate: async () => true,
      isNetworkWithinRate: async () => true,
      acceptProviderToken: (asked) => acceptProviderToken(asked, providerAccess ?? NO_PROVIDERS),
      sessions: new Sessions("a-secret-of-the-tests"),
      findApprovedTools: async (resource) =>
        approvedTools === undefined
          ? null
          : { document: parseDocument("tools", resource, approvedTools), revision: "tools-1" },
      guardPorts: {
        egress: openEgress({ ownHost: "crossgate.example", allowsLoopback: false }),
        findSecret: async (name) => `secret-of-${name}`,
      },
      knownTools: new KnownTools(),
      memberEras: new MemberEras(),
      reportMissing: (missing) => void this.reports.push(reportMissing(missing, this.dependencies.recorder)),
      reportHeldBack: (held) => void this.reports.push(reportHeldBack(held, this.dependencies.recorder)),
      supplyCredential: async ({ resource }) => ({
        headers: new Map(),
        facts: { type: resource.upstream_credential.type, upstreamHost: new URL(resource.upstream).host, kid: null },
      }),
      limits: new CallLimits(env.CALL_COUNTER, { jurisdiction: null, locationHint: null }),
      outlast: (work) => void this.outlasting.push(work),
      present: (presented) => approvals.present(presented),
      connectUrl: async ({ caller }) => `${CROSSGATE}/connect?link=for-${caller.principal}`,
      heldStates: new SealedTexts("a-secret-of-the-tests", "states"),
      shownArguments: new SealedTexts("a-secret-of-the-tests", "arguments"),
      egress: { ownHost: "crossgate.example", allowsLoopback: false },
      recorder: this.#recorder(),
      reportFault: (_correlationId, cause) => void this.faults.push(cause),
      reportRefusedRequest: () => undefined,
      ...overrides,
    };
  }

  static async start(options: GatewayOptions = {}): Promise<TestGateway> {
    return new TestGateway(await makeTestKey("ES256", "gateway"), options);
  }

  #recorder(): Recorder {
    return new Recorder({
      names: new SubjectNames("plain", ""),
      write: async (_id, serialized) => void this.events.push(auditEventSchema.parse(JSON.parse(serialized))),
      waitUntil: () => undefined,
      counters: { writeDataPoint: (point) => void this.counted.push(String(point?.indexes?.[0])) },
    });
  }

  /** An access token that is good now for the first server, but for what `claims` and `header` say. */
  token(
    claims: Members = {},
    { header = {}, key = this.key }: { header?: Members; key?: TestKey } = {},
  ): Promise<string> {
    const nowSeconds = Math.floor(Date.now() / 1000);
    const members = {
      iss: CROSSGATE,
      aud: RESOURCE,
      sub: "usr_ada",
      sub_id: { format: "iss_sub", iss: "https://idp.example.com", sub: "ada" },
      client_id: CLIENT,
      organization: ORGANIZATION,
      jti: crypto.randomUUID(),
      iat: nowSeconds,
      exp: nowSeconds + 300,
      scope: "files:read",
      ...claims,
    };
    const protectedHeader = { typ: "at+jwt", alg: key.alg, kid: key.kid, ...header };
    return signText(JSON.stringify(protectedHeader), JSON.stringify(members), key);
  }

  /** A proof for this server and token, but for what `claims` says. */
  async proof(key: DpopKey, token: string, claims: Members = {}): Promise<string> {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
    const ath = btoa(String.fromCharCode(...new Uint8Array(digest)));
    const base64url = ath.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    const nowSeconds = Math.floor(Date.now() / 1000);
    return makeProof(key, nowSeconds, { claims: { htu: RESOURCE, ath: base64url, nonce: undefined, ...claims } });
  }

  async request(changes: CallChanges = {}): Promise<Request> {
    const { url = RESOURCE, method = "POST", scheme = "Bearer", message = READ_FILE, signal } = changes;
    const token = changes.token === undefined ? await this.token() : changes.token;
    const headers = new Headers({ accept: "application/json, text/event-stream" });
    if (token !== null) headers.set("authorization", `${scheme} ${token}`);
    if (method === "POST") headers.set("content-type", "application/json");
    for (const [name, value] of Object.entries(changes.headers ?? {})) headers.set(name, value);
    const isSpelled = typeof message === "string" || message instanceof Uint8Array || message instanceof ReadableStream;
    const body = method === "POST" ? { body: isSpelled ? message : JSON.stringify(message) } : {};
    const request = new Request(url, { method, headers, ...body, ...(signal && { signal }) });
    return changes.rawUrl === undefined
      ? request
      : Object.defineProperty(request, "url", { value: changes.rawUrl, enumerable: true });
  }

  /** @returns null when no server has the URL. */
  async respond(changes: CallChanges = {}): Promise<Response | null> {
    return handleGatewayRequest(await this.request(changes), this.dependencies);
  }

  async call(changes: CallChanges = {}): Promise<Answered> {
    const response = await this.respond(changes);
    if (response === null) throw new TypeError("no server has this URL");
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      errorCode: readErrorCode(response, text),
      challenge: response.headers.get("www-authenticate"),
    };
  }
}

function findAmong(resources: readonly Members[]): GatewayDependencies["findResource"] {
  const found = new Map(
    resources.map((changes) => {
      const document = resourceDocument(changes);
      const identifier = String(document["resource"]);
      return [identifier, { document: parseDocument("resource", identifier, document), revision: "revision-1" }];
    }),
  );
  return async (identifier) => found.get(identifier) ?? null;
}

function rememberProofs(): GatewayDependencies["consumeProof"] {
  const seen = new Set<string>();
  return async ({ thumbprint, jti }): Promise<Consumption> => {
    const name = `${thumbprint} ${jti}`;
    if (seen.has(name)) return "replayed";
    seen.add(name);
    return "consumed";
  };
}

function readErrorCode({ headers }: Response, text: string): number | null {
  if (headers.get("content-type") !== "application/json") return null;
  const { error } = JSON.parse(text) as { error?: { code?: number } };
  return error?.code ?? null;
}

/** Refused calls must have gone nowhere, and the reason must be on record or counted. */
export function reasonsOf({ events, counted }: TestGateway): readonly (string | null)[] {
  return [...events.map(({ reason }) => reason), ...counted];
}

/** Deterministic from its seed, so that a failure can be seen again. */
export function seededRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
