import { Outage } from "../src/audit/reason.ts";
import type { LedgerPlacement } from "../src/config.ts";
import { LIMITS } from "../src/limits.ts";
import { within } from "../src/revocation/within.ts";
import type { SecretDescription, SecretRevealed, SecretToSet, Vault, VaultStatus } from "./vault.ts";
import { DEPLOYMENT, findVault, type VaultOwner } from "./vault-owner.ts";

type Placement = Pick<LedgerPlacement, "jurisdiction" | "locationHint">;
type Revealed = Exclude<SecretRevealed, "keys_unavailable" | "damaged">;

interface Copy {
  readonly revealed: Exclude<Revealed, string>;
  readonly askedAtMilliseconds: number;
}

/** The Worker's side of the vaults, which are kept where the ledgers are. */
export class Vaults {
  readonly #vaults: DurableObjectNamespace<Vault>;
  readonly #placement: Placement;
  readonly #copies = new Map<string, Copy>();
  /** Counts what this isolate has set or deleted: an answer to a question from before may be of before. */
  #changes = 0;

  constructor(vaults: DurableObjectNamespace<Vault>, placement: Placement) {
    this.#vaults = vaults;
    this.#placement = placement;
  }

  vaultOf(owner: VaultOwner): DurableObjectStub<Vault> {
    return findVault(this.#vaults, this.#placement, owner);
  }

  /**
   * A secret for one server. An isolate goes by its copy for a short while, unless `isRefused`: the server has just
   * refused what we had. @throws Outage
   */
  async revealSecret(
    name: string,
    resource: string,
    { isRefused }: { readonly isRefused: boolean },
  ): Promise<Revealed> {
    const [key, changes] = [keyOf(name, resource), this.#changes];
    const copy = this.#copies.get(key);
    const askedAtMilliseconds = Date.now();
    const age = askedAtMilliseconds - (copy?.askedAtMilliseconds ?? 0);
    if (!isRefused && copy !== undefined && age < LIMITS.vaultSecretFreshSeconds * 1000) return copy.revealed;
    const revealed = await this.#reveal(name, resource);
    if (typeof revealed === "string") this.#copies.delete(key);
    else if (changes === this.#changes) this.#keep(key, { revealed, askedAtMilliseconds });
    return revealed;
  }

  /** In effect here when it returns. @returns null when there is no room for another. @throws Outage */
  async setSecret(secret: SecretToSet): Promise<{ readonly isNew: boolean; readonly kid: string } | null> {
    const set = await this.#change(secret.name, async (vault) => vault.setSecret(secret));
    if (set === "keys_unavailable") throw new Outage("vault_keys_unavailable");
    return set === "full" ? null : { isNew: set.isNew, kid: set.kid };
  }

  /** A page after this name. */
  listSecrets(after: string): Promise<readonly SecretDescription[]> {
    return this.#ask(async (vault) => vault.listSecrets(after));
  }

  hasSecret(name: string): Promise<boolean> {
    return this.#ask(async (vault) => vault.hasSecret(name));
  }

  deleteSecret(name: string): Promise<boolean> {
    return this.#change(name, async (vault) => vault.deleteSecret(name));
  }

  startRotation(): Promise<void> {
    return this.#ask(async (vault) => vault.startRotation());
  }

  status(): Promise<VaultStatus> {
    return this.#ask(async (vault) => vault.status());
  }

  async #reveal(name: string, resource: string): Promise<Revealed> {
    const revealed = await this.#ask(async (vault) => vault.revealSecret(name, resource));
    if (revealed === "keys_unavailable") throw new Outage("vault_keys_unavailable");
    if (revealed === "damaged") throw new Outage("vault_record_damaged");
    return revealed;
  }

  /** Whether or not it is said to have been done: without an answer it may have been. */
  async #change<Answer>(name: string, change: (vault: DurableObjectStub<Vault>) => Promise<Answer>): Promise<Answer> {
    try {
      return await this.#ask(change);
    } finally {
      this.#changes += 1;
      for (const key of this.#copies.keys()) if (isOf(name, key)) this.#copies.delete(key);
    }
  }

  /** Once more for an object that was just moved or restarted. */
  async #ask<Answer>(ask: (vault: DurableObjectStub<Vault>) => Promise<Answer>): Promise<Answer> {
    const attempt = (): Promise<Answer> => within(LIMITS.vaultMilliseconds, ask(this.vaultOf(DEPLOYMENT)));
    try {
      return await attempt().catch(() => attempt());
    } catch (error) {
      throw new Outage("vault_unavailable", { cause: error });
    }
  }

  /**
   * What was told, and not the promise of it: one begun in another request may never settle in workerd. What was no
   * secret is asked for again, so that setting one helps at once.
   */
  #keep(key: string, copy: Copy): void {
    if ((this.#copies.get(key)?.askedAtMilliseconds ?? 0) > copy.askedAtMilliseconds) return;
    this.#copies.delete(key);
    this.#copies.set(key, copy);
    const [oldest] = this.#copies.keys();
    if (this.#copies.size > LIMITS.vaultSecretsCached && oldest !== undefined) this.#copies.delete(oldest);
  }
}

function keyOf(name: string, resource: string): string {
  return JSON.stringify([name, resource]);
}

function isOf(name: string, key: string): boolean {
  return (JSON.parse(key) as readonly string[])[0] === name;
}
