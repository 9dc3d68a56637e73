import { makeAuditEvent } from "../audit/audit-event.ts";
import type { Recorder } from "../audit/recorder.ts";
import type { ReceivedTrace } from "../http/trace.ts";
import type { WantedConnection } from "./connect-link.ts";
import type { Person } from "./journey.ts";
import { type Ending, statusOf } from "./messages.ts";

interface Recorded {
  readonly trace: ReceivedTrace;
  readonly uses: { readonly recorder: Recorder };
  readonly about: { readonly wanted: WantedConnection; readonly person?: Person } | null;
}

/** One event for each end of a journey, once an ID token has said whose it is; what comes before is counted. @throws Outage */
export async function recordConnection({ trace, uses, about }: Recorded, ending: Ending | null): Promise<void> {
  const { recorder } = uses;
  if (about?.person === undefined) return ending === null ? undefined : recorder.count("connect", ending);
  const { wanted, person } = about;
  const event = makeAuditEvent(crypto.randomUUID(), trace, {
    type: "connection",
    decision: ending === null ? "granted" : statusOf(ending) >= 500 ? "failed" : "refused",
    reason: ending,
    organization: person.organization,
    issuer: person.issuer,
    tenant: person.tenant,
    subject: person.sub,
    account: person.account,
    principal: person.principal,
    client_id: wanted.client_id,
    resource: wanted.resource,
  });
  await recorder.record(event);
}
