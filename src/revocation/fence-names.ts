import { patternsFor } from "../egress/client-identifier.ts";

/** Everything that a fence can name. */
export const FENCE_KINDS = [
  "issuer",
  "organization",
  "client",
  "principal",
  "subject",
  "assertion_key",
  "signing_key",
  "token",
  "resource",
  "connection",
  "document",
] as const;
export type FenceKind = (typeof FENCE_KINDS)[number];

/**
 * One name for one thing. A kind holds no colon, so what follows the first one is the value alone; several values are
 * spelled as JSON, which no value can break out of. Nothing is normalized: two subjects that differ in one byte differ.
 */
export function fenceName(kind: FenceKind, ...[value, ...more]: readonly [string, ...string[]]): string {
  return `${kind}:${more.length === 0 ? value : JSON.stringify([value, ...more])}`;
}

export function kindOfFence(name: string): FenceKind | null {
  return FENCE_KINDS.find((kind) => name.startsWith(`${kind}:`)) ?? null;
}

/** Kinds that say nothing against the caller: what stands behind is ours, and a second try finds the new one. */
const OURS: readonly FenceKind[] = ["signing_key", "document"];

export function isOurs(name: string): boolean {
  const kind = kindOfFence(name);
  return kind !== null && OURS.includes(kind);
}

/** Whom and what an access token, or an assertion that is to become one, rests on. */
export interface Parties {
  readonly issuer: string | null;
  readonly organization: string;
  readonly clientId: string;
  readonly principal: string;
  readonly tenant: string | null;
  readonly sub: string | null;
  readonly resource: string;
  readonly tokenId: string;
  /** The identity provider's key; null where a token does not say. */
  readonly assertionKeyId: string | null;
  /** Ours; null where it is not signed by us. */
  readonly signingKeyId: string | null;
}

/**
 * Every fence that would stop it. A subject is named by our principal, and by what its provider calls it: in its tenant,
 * or in whichever one, since a signal need not say. A client is named by its identifier, and by every pattern that
 * covers it: a family that is blocked stops each of its members, also those that nobody has seen yet.
 */
export function namesOf(parties: Parties): readonly string[] {
  const { issuer } = parties;
  return [
    fenceName("organization", parties.organization),
    ...[parties.clientId, ...patternsFor(parties.clientId)].map((client) => fenceName("client", client)),
    fenceName("principal", parties.principal),
    fenceName("resource", parties.resource),
    fenceName("connection", parties.organization, parties.clientId, parties.resource),
    fenceName("token", parties.tokenId),
    ...(parties.signingKeyId === null ? [] : [fenceName("signing_key", parties.signingKeyId)]),
    ...(issuer === null ? [] : [fenceName("issuer", issuer), ...namesAt(issuer, parties)]),
  ];
}

function namesAt(issuer: string, { tenant, sub, assertionKeyId }: Parties): readonly string[] {
  return [
    ...(sub === null ? [] : [fenceName("subject", issuer, sub)]),
    ...(sub === null || tenant === null ? [] : [fenceName("subject", issuer, sub, tenant)]),
    ...(assertionKeyId === null ? [] : [fenceName("assertion_key", issuer, assertionKeyId)]),
  ];
}
