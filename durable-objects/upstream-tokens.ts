import { Outage } from "../src/audit/reason.ts";
import { LIMITS } from "../src/limits.ts";
import { within } from "../src/revocation/within.ts";
import { isFresh } from "../src/vault/kept-grant.ts";
import type { Acquired, AcquiredToken, TokenAsked } from "./acquisition.ts";
import type { Vault } from "./vault.ts";
import type { VaultOwner } from "./vault-owner.ts";

interface Copy extends AcquiredToken {
  readonly askedAtMilliseconds: number;
}

type VaultOf = (owner: VaultOwner) => DurableObjectStub<Vault>;

/**
 * The Worker's side of acquired tokens. An isolate goes by its copy for as long as the gateway may go by what it knows of
 * revocations, and never beyond the token's end: what a vault has forgotten is presented to nobody 5 s later.
 */
export class UpstreamTokens {
  readonly #vaultOf: VaultOf;
  readonly #copies = new Map<string, Copy>();

  constructor(vaultOf: VaultOf) {
    this.#vaultOf = vaultOf;
  }

  /** @throws Outage vault_unavailable */
  async acquire(asked: TokenAsked): Promise<Acquired> {
    const key = keyOf(asked);
    const copy = this.#copies.get(key);
    if (copy !== undefined && !asked.isRefused && isRecent(copy, Date.now())) return { outcome: "acquired", ...copy };
    this.#copies.delete(key);
    // Counted from the question: the vault had it then or later, however long the answer took to come here.
    const askedAtMilliseconds = Date.now();
    const acquired = await this.#ask(asked);
    if (acquired.outcome === "acquired") this.#keep(key, { ...acquired, askedAtMilliseconds });
    return acquired;
  }

  /** Not a second time: what was asked may have been done, and the object itself knows what may be repeated. */
  #ask(asked: TokenAsked): Promise<Acquired> {
    return askOnce(() => this.#vaultOf(asked.owner).acquire(asked) as Promise<Acquired>);
  }

  #keep(key: string, copy: Copy): void {
    this.#copies.set(key, copy);
    const [oldest] = this.#copies.keys();
    if (this.#copies.size > LIMITS.upstreamTokensCached && oldest !== undefined) this.#copies.delete(oldest);
  }
}

async function askOnce<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await within(LIMITS.upstreamTokenMilliseconds, ask());
  } catch (error) {
    throw new Outage("vault_unavailable", { cause: error });
  }
}

/** Everything that makes one token another's: whose it is, for which server as its document now says, about whom. */
function keyOf({ owner, issuer, resource, resourceRevision, identity }: TokenAsked): string {
  const { organization, owner: person } = owner;
  return JSON.stringify([organization, person, issuer, resource, resourceRevision, identity?.says ?? null]);
}

function isRecent(copy: Copy, now: number): boolean {
  return now - copy.askedAtMilliseconds < LIMITS.upstreamTokenFreshSeconds * 1000 && isFresh(copy, now);
}
