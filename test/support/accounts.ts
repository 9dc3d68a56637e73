import { env } from "cloudflare:workers";
import type { AuditEvent } from "../../src/audit/audit-event.ts";
import { accountSchema } from "../../src/trust/account.ts";
import type { Members } from "./documents.ts";
import { recordedEvents } from "./ledgers.ts";
import type { Tenant } from "./tenant.ts";

export function directoryOf(organization: string) {
  return env.ACCOUNT_DIRECTORY.getByName(`accounts/v1/${organization}`);
}

/** Writes accounts as an administrator does, each from its document. */
export async function addAccounts(organization: string, ...accounts: readonly Members[]): Promise<void> {
  const parsed = accounts.map((account) => accountSchema.parse(account));
  const conflicts = await directoryOf(organization).put({ accounts: parsed, existing: "keep" });
  if (conflicts.length > 0) throw new TypeError(JSON.stringify(conflicts));
}

/** Under which account these claims are granted a token; otherwise the reason on record. */
export async function accountOf(tenant: Tenant, claims: Members): Promise<string | null> {
  const event = await recordOf(tenant, claims);
  return event.decision === "granted" ? event.account : event.reason;
}

/** What is on record of a redemption of these claims. */
export async function recordOf(tenant: Tenant, claims: Members): Promise<AuditEvent> {
  const { headers } = await tenant.redeem({ form: { assertion: await tenant.assertion(claims) } });
  const correlationId = headers.get("crossgate-correlation-id");
  const event = (await recordedEvents(tenant.clientId)).find((one) => one.correlation_id === correlationId);
  if (event === undefined) throw new TypeError("no record");
  return event;
}
