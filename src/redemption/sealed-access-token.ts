import type { CarriedFacts } from "../policy/asked-facts.ts";
import type { AuthorizationDetail } from "../policy/authorization-details.ts";
import type { Scope } from "../policy/scope.ts";
import type { Actor, AuthenticationEvent, Subject } from "./assertion.ts";

/** What the access token will say, complete before it is signed (RFC 9068 §2.2). */
export interface AccessTokenContents {
  readonly tokenId: string;
  readonly tokenAudience: string;
  readonly clientId: string;
  readonly subject: Subject;
  readonly organization: string;
  readonly scope: Scope;
  readonly authorizationDetails: readonly AuthorizationDetail[];
  /** What the audit record has in place of their contents; null where there are none. */
  readonly authorizationDetailsHash: string | null;
  readonly actor: Actor | null;
  readonly authentication: AuthenticationEvent;
  /** For asking policy again at each call: what it asks about the person, and its revision. */
  readonly policyFacts: CarriedFacts;
  readonly policyRevision: string;
  /** What the token rests on, for the day on which it is revoked: when it was asserted, and by which key. */
  readonly assertion: { readonly issuedAtSeconds: number; readonly keyId: string | null };
  /** Thumbprint of the DPoP key the token is bound to; null for a bearer token. */
  readonly confirmedKey: string | null;
  readonly issuedAtSeconds: number;
  readonly expiresAtSeconds: number;
}

const ledgerSaysConsumed = Symbol("the ledger has consumed the assertion");

/**
 * Proof that the ledger consumed the assertion and holds the audit record. Only `acknowledge` makes one, and only
 * `checks/single-use.ts` calls that (a lint rule holds it): what opens a sealed token is having been there.
 */
export class Receipt {
  readonly #tokenId: string;

  constructor(secret: typeof ledgerSaysConsumed, tokenId: string) {
    if (secret !== ledgerSaysConsumed) throw new TypeError("a receipt comes from the ledger");
    this.#tokenId = tokenId;
  }

  names(tokenId: string): boolean {
    return this.#tokenId === tokenId;
  }
}

export function acknowledge(consumed: "consumed", tokenId: string): Receipt {
  if (consumed !== "consumed") throw new TypeError("not consumed");
  return new Receipt(ledgerSaysConsumed, tokenId);
}

/**
 * A signed access token that nobody can read yet: a signer that fails must not burn the assertion, so signing comes
 * first, and a token must not exist for anyone before the ledger has spoken. Prints and serializes as nothing.
 */
export class SealedAccessToken {
  readonly #token: string;
  readonly #tokenId: string;
  readonly #signingKeyId: string;

  constructor(token: string, tokenId: string, signingKeyId: string) {
    this.#token = token;
    this.#tokenId = tokenId;
    this.#signingKeyId = signingKeyId;
  }

  /** Our key that signed it. */
  get signingKeyId(): string {
    return this.#signingKeyId;
  }

  open(receipt: Receipt): string {
    if (!receipt.names(this.#tokenId)) throw new TypeError("the receipt is for another token");
    return this.#token;
  }
}
