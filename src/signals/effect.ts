import { block, type Fence, joinFences, signInAgain } from "../revocation/fence.ts";
import type { SecurityEvent } from "./security-event.ts";

const CAEP = "https://schemas.openid.net/secevent/caep/event-type/";
const RISC = "https://schemas.openid.net/secevent/risc/event-type/";

type Effect = (name: string, event: SecurityEvent) => Fence;

const endsSignIns: Effect = (name, { atMilliseconds }) => signInAgain(name, atMilliseconds);

/** Until it is enabled again; who then comes back signs in anew. */
const disables: Effect = (name, event) =>
  joinFences(endsSignIns(name, event), block(name, `signal:${event.idp.issuer}`, { ...at(event), isBlocked: true }));

const enables: Effect = (name, event) => block(name, `signal:${event.idp.issuer}`, { ...at(event), isBlocked: false });

/** For good, as far as its provider is concerned: an identifier that comes back may be somebody else's. */
const purges: Effect = (name, event) =>
  joinFences(endsSignIns(name, event), block(name, `purged:${event.idp.issuer}`, { ...at(event), isBlocked: true }));

function at({ atMilliseconds }: SecurityEvent): { readonly atMilliseconds: number } {
  return { atMilliseconds };
}

const EFFECTS: ReadonlyMap<string, Effect> = new Map([
  [`${CAEP}session-revoked`, endsSignIns],
  [`${CAEP}token-claims-change`, endsSignIns],
  [`${CAEP}credential-change`, endsSignIns],
  [`${RISC}credential-compromise`, endsSignIns],
  [`${RISC}account-disabled`, disables],
  [`${RISC}account-enabled`, enables],
  [`${RISC}account-purged`, purges],
]);

/** @returns null for an event that asks nothing of us: of a stream, of a credential that was added, or one unknown. */
export function fenceOf(name: string, event: SecurityEvent): Fence | null {
  if (event.type === `${CAEP}credential-change` && event.payload["change_type"] === "create") return null;
  return EFFECTS.get(event.type)?.(name, event) ?? null;
}

/** Whether events of this type are about a subject and have an effect. */
export function hasEffect(type: string): boolean {
  return EFFECTS.has(type);
}

/** The last part of the event's URI, where we know it: for the audit trail. */
export function nameOfEvent(type: string): string {
  return EFFECTS.has(type) ? (type.split("/").at(-1) ?? "") : "other";
}
