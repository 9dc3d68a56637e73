import { Outage } from "../src/audit/reason.ts";
import type { EgressRules } from "../src/egress/url-policy.ts";
import type { Algorithm, VerificationKey } from "../src/jwt/json-web-key.ts";
import { chooseKey, type KeyChoice } from "../src/jwt/verify.ts";
import { LIMITS } from "../src/limits.ts";
import type { KeySource } from "../src/trust/key-source.ts";
import type { FetchedKeySet, IssuerKeySet } from "./issuer-key-set.ts";

/** Whose keys: each owner has an object, a cool-down and a back-off of its own, so that none can starve another. */
export type KeyOwner = `idp:${string}` | `client:${string}` | `access:${string}`;

interface Copy {
  readonly jwksUri: string;
  readonly keys: readonly VerificationKey[];
  readonly askAgainAtMilliseconds: number;
}

/** The Worker's side of the key sets: this isolate's copies, with their keys imported once. */
export class IssuerKeys {
  readonly #keySets: DurableObjectNamespace<IssuerKeySet>;
  readonly #rules: EgressRules;
  readonly #copies = new Map<KeyOwner, Copy>();

  constructor(keySets: DurableObjectNamespace<IssuerKeySet>, rules: EgressRules) {
    this.#keySets = keySets;
    this.#rules = rules;
  }

  /** @throws Outage keys_unavailable */
  async find(owner: KeyOwner, source: KeySource, wanted: { kid: string | null; alg: Algorithm }): Promise<KeyChoice> {
    if (source.kind === "inline") return chooseKey(source, wanted);
    const copy = this.#copies.get(owner);
    if (copy !== undefined && copy.jwksUri === source.jwksUri && Date.now() < copy.askAgainAtMilliseconds) {
      const choice = chooseKey(copy, wanted);
      if (choice !== "no_key") return choice;
    }
    return chooseKey(await this.#ask(owner, source.jwksUri, wanted.kid), wanted);
  }

  async #ask(owner: KeyOwner, jwksUri: string, wantedKeyId: string | null): Promise<Copy> {
    const fetched = await this.#find(owner, { jwksUri, wantedKeyId, rules: this.#rules });
    if (fetched === null) throw new Outage("keys_unavailable");
    const freshUntil = fetched.fetchedAtMilliseconds + LIMITS.keySetFreshSeconds * 1000;
    const copy = {
      jwksUri,
      keys: this.#reuse(owner, fetched.keys),
      askAgainAtMilliseconds: Math.max(freshUntil, Date.now() + LIMITS.keySetStaleCopyMilliseconds),
    };
    this.#keep(owner, copy);
    return copy;
  }

  async #find(owner: KeyOwner, request: Parameters<IssuerKeySet["find"]>[0]): Promise<FetchedKeySet | null> {
    try {
      return await this.#keySets.getByName(owner).find(request);
    } catch (error) {
      throw new Outage("keys_unavailable", { cause: error });
    }
  }

  /** A key that did not change stays the same object, and with it its import. */
  #reuse(owner: KeyOwner, keys: readonly VerificationKey[]): readonly VerificationKey[] {
    const known = new Map((this.#copies.get(owner)?.keys ?? []).map((key) => [JSON.stringify(key), key]));
    return keys.map((key) => known.get(JSON.stringify(key)) ?? key);
  }

  #keep(owner: KeyOwner, copy: Copy): void {
    this.#copies.delete(owner);
    this.#copies.set(owner, copy);
    const [oldest] = this.#copies.keys();
    if (this.#copies.size > LIMITS.keySetsCached && oldest !== undefined) this.#copies.delete(oldest);
  }
}
