import { isClientPattern, patternsFor } from "../egress/client-identifier.ts";
import type { Revocable } from "../revocation/revocable.ts";
import type { AdminDependencies } from "./dependencies.ts";

type Documents = Pick<AdminDependencies["documents"], "read">;

/**
 * Whether there is what an order names: one that was misspelt stops nobody, and is given all the same, since what it
 * names may be there tomorrow. @returns null for people, tokens and keys, of whom no document tells
 */
export async function isKnownName(what: Revocable, documents: Documents): Promise<boolean | null> {
  const found = await Promise.all(alternativesOf(what).map((keys) => isAnyThere(keys, documents)));
  if (found.includes(false)) return false;
  return DECIDED.includes(what.kind) ? true : null;
}

const DECIDED: readonly Revocable["kind"][] = ["client", "idp", "organization", "resource", "connection"];

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
