import { env, exports } from "cloudflare:workers";
import { base64url } from "jose";
import type { AuditEvent } from "../../src/audit/audit-event.ts";
import { adminDocument, type Members } from "./documents.ts";
import { deployedRows } from "./ledgers.ts";
import { ISSUER, nowInSeconds } from "./tenant.ts";
import { makeTestKey, signText, type TestKey } from "./test-idp.ts";

export interface AdminRequest {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the signature says beside what it should; undefined leaves a member out. */
export interface SignatureChanges {
  readonly claims?: Members;
  readonly header?: Members;
  readonly key?: TestKey;
}

export interface AdminAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** An administrator with a key, under a name that no other test uses. Shares no code with what it tests. */
export class TestAdmin {
  readonly name: string;
  readonly key: TestKey;

  private constructor(name: string, key: TestKey) {
    this.name = name;
    this.key = key;
  }

  static async appoint(role: string, overrides: Members = {}): Promise<TestAdmin> {
    const admin = new TestAdmin(`${role}-${crypto.randomUUID()}`, await makeTestKey("ES256", "admin-key"));
    const authentication = { kind: "key", key_set: { keys: [admin.key.publicJwk] } };
    await putAdmin({ name: admin.name, role, authentication, ...overrides });
    return admin;
  }

  async token(path: string, request: AdminRequest = {}, changes: SignatureChanges = {}): Promise<string> {
    const { key = this.key } = changes;
    const bytes = new TextEncoder().encode(request.body ?? "");
    const now = nowInSeconds();
    const claims = {
      iss: this.name,
      aud: `${ISSUER}/admin`,
      htm: request.method ?? "GET",
      htu: `${ISSUER}${path}`,
      body_sha256: base64url.encode(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))),
      jti: crypto.randomUUID(),
      iat: now,
      exp: now + 60,
      ...changes.claims,
    };
    const header = { typ: "crossgate-admin+jwt", alg: key.alg, kid: key.kid, ...changes.header };
    return signText(JSON.stringify(header), JSON.stringify(claims), key);
  }

  async call(path: string, request: AdminRequest = {}, changes: SignatureChanges = {}): Promise<AdminAnswer> {
    return callWith(await this.token(path, request, changes), path, request);
  }

  /** The audit record of this administrator, in order. */
  async record(): Promise<readonly AuditEvent[]> {
    const events = (await deployedRows()).filter(({ event }) => event !== "");
    const ours = events.map(({ event }) => JSON.parse(event) as AuditEvent).filter(({ admin }) => admin === this.name);
    // Each ledger has an order of its own.
    return ours.toSorted((left, right) => left.time.localeCompare(right.time));
  }
}

export async function putAdmin(document: Members): Promise<void> {
  await env.TRUST_AND_POLICY.put(`admin:${String(document["name"])}`, JSON.stringify(adminDocument(document)));
}

/** A request that bears this token, whatever it was signed for. */
export function callWith(token: string, path: string, request: AdminRequest = {}): Promise<AdminAnswer> {
  return send(path, { ...request, headers: { authorization: `Crossgate-Admin ${token}`, ...request.headers } });
}

export async function send(path: string, { method = "GET", body, headers = {} }: AdminRequest): Promise<AdminAnswer> {
  const init = { method, headers, ...(body === undefined ? {} : { body }) };
  const response = await exports.default.fetch(new Request(`${ISSUER}${path}`, init));
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: text === "" ? {} : JSON.parse(text) };
}
