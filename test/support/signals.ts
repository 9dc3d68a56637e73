import { env, exports } from "cloudflare:workers";
import type { Members } from "./documents.ts";
import { ISSUER, nowInSeconds, type Tenant } from "./tenant.ts";
import type { TestKey } from "./test-idp.ts";

export const CAEP = "https://schemas.openid.net/secevent/caep/event-type/";
export const SSF = "https://schemas.openid.net/secevent/ssf/event-type/";
export const RISC = "https://schemas.openid.net/secevent/risc/event-type/";
const SIGNALS = `${ISSUER}/signals`;

export interface SignalChanges {
  readonly type?: string;
  readonly event?: Members;
  readonly claims?: Members;
  readonly header?: Members;
  readonly key?: TestKey;
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of a token that is signed. */
  readonly body?: string;
}

/** What a provider pushes about "user-ada", but for what `changes` says. */
export function signSignal(tenant: Tenant, { type, event, claims, header, key }: SignalChanges = {}): Promise<string> {
  const now = nowInSeconds();
  const members = {
    iss: tenant.idp.issuer,
    aud: ISSUER,
    jti: crypto.randomUUID(),
    iat: now,
    sub_id: { format: "iss_sub", iss: tenant.idp.issuer, sub: "user-ada" },
    events: { [type ?? `${CAEP}session-revoked`]: event ?? {} },
    ...claims,
  };
  return tenant.idp.sign(members, {
    header: { typ: "secevent+jwt", ...header },
    ...(key === undefined ? {} : { key }),
  });
}

export async function push(tenant: Tenant, changes: SignalChanges = {}): Promise<{ status: number; err: unknown }> {
  const body = changes.body ?? (await signSignal(tenant, changes));
  const headers = { "content-type": "application/secevent+jwt", ...changes.headers };
  const response = await exports.default.fetch(new Request(SIGNALS, { method: "POST", body, headers }), env as never);
  const text = await response.text();
  return { status: response.status, err: text === "" ? null : (JSON.parse(text) as { err?: unknown }).err };
}
