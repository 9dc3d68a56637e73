import { type Access, decideAccess } from "../access/decide-access.ts";
import type { TrustSet } from "../trust-set.ts";

/** Somebody who asks, as far as policy can tell people apart. */
export interface Person {
  readonly issuer: string;
  readonly tenant: string | null;
  readonly subject: string;
  readonly group: string | null;
  readonly emailDomain: string | null;
  readonly actor: string | null;
  readonly amr: string | null;
  readonly acr: string | null;
  readonly isFreshlySignedIn: boolean;
  readonly isKeyBound: boolean;
}

export interface Asked {
  readonly organization: string;
  readonly clientId: string;
  readonly resource: string;
  readonly scope: readonly string[];
  readonly detailsTypes: readonly string[];
  readonly person: Person;
  readonly nowSeconds: number;
}

/** What this person would be granted under these documents. */
export function findAccess(set: TrustSet, { person, scope, nowSeconds, ...pair }: Asked): Promise<Access> {
  const { group, amr, isFreshlySignedIn, ...rest } = person;
  return decideAccess(set, {
    ...pair,
    ...rest,
    groups: new Set(group === null ? [] : [group]),
    amr: amr === null ? [] : [amr],
    authTimeSeconds: isFreshlySignedIn ? nowSeconds : null,
    assertedScope: new Set(scope),
    requestedScope: null,
    nowSeconds,
  });
}
