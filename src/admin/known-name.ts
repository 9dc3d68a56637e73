import { isClientPattern, patternsFor } from "../egress/client-identifier.ts";
import { membersOf, type Revocable } from "../revocation/revocable.ts";
import type { AdminDependencies } from "./dependencies.ts";

type Documents = Pick<AdminDependencies["documents"], "read">;
type Known = Pick<AdminDependencies, "signingKeyIds" | "wasGranted"> & { readonly documents: Documents };

/**
 * Whether there is what an order names: one that was misspelt stops nobody, and is given all the same, since what it
 * names may be there tomorrow. Of people, tokens and providers' keys no document tells; they are known by what was granted.
 */
export async function isKnownName(what: Revocable, uses: Known): Promise<boolean> {
  if (what.kind === "signing_key") return uses.signingKeyIds.includes(what.key_id);
  const found = await Promise.all(alternativesOf(what).map((keys) => isAnyThere(keys, uses.documents)));
  if (found.includes(false)) return false;
  return !GRANTED.includes(what.kind) || uses.wasGranted(membersOf(what));
}

const GRANTED: readonly Revocable["kind"][] = ["principal", "subject", "token", "key"];

/** Of each list at least one has to be there. */
function alternativesOf(what: Revocable): readonly (readonly string[])[] {
  if (what.kind === "client") return [clientKeys(what.client_id)];
  if (what.kind === "organization") return [[`policy:${what.organization}`]];
  if (what.kind === "resource") return [[`resource:${what.resource}`]];
  if (what.kind === "connection") {
    return [clientKeys(what.client_id), [`resource:${what.resource}`], [`policy:${what.organization}`]];
  }
  return "issuer" in what ? [[`idp:${what.issuer}`]] : [];
}

function clientKeys(clientId: string): readonly string[] {
  const families = isClientPattern(clientId) ? [] : patternsFor(clientId);
  return [clientId, ...families].map((name) => `client:${name}`);
}

async function isAnyThere(keys: readonly string[], documents: Documents): Promise<boolean> {
  const found = await Promise.all(keys.map((key) => documents.read(key)));
  return found.some((document) => document !== null);
}
