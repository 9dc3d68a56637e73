import { fenceName, namesOf } from "../revocation/fence-names.ts";
import type { WantedConnection } from "./connect-link.ts";
import type { ConnectDependencies } from "./dependencies.ts";
import type { Person } from "./journey.ts";
import { ConnectRefused } from "./refusal.ts";

interface Resting {
  readonly person: Person;
  readonly wanted: WantedConnection;
}

/** Names of what no connection rests on: there is no token of ours yet. */
const NONE = { tokenId: "", assertionKeyId: null, signingKeyId: null };
const NAMELESS: ReadonlySet<string> = new Set([fenceName("token", "")]);

/** Whom, or what, an administrator has stopped makes no new connections either. @throws ConnectRefused, Outage */
export async function requireNotRevoked(
  { person, wanted }: Resting,
  { isRevoked }: Pick<ConnectDependencies, "isRevoked">,
): Promise<void> {
  const names = namesOf({ ...person, ...NONE, clientId: wanted.client_id, resource: wanted.resource });
  const facts = {
    names: names.filter((name) => !NAMELESS.has(name)),
    signedInAtMilliseconds: person.signed_in_at * 1000,
  };
  if (await isRevoked(facts)) throw new ConnectRefused("connect_revoked", { person });
}
