import { Outage } from "../src/audit/reason.ts";
import type { LedgerPlacement } from "../src/config.ts";
import { LIMITS } from "../src/limits.ts";
import { within } from "../src/revocation/within.ts";
import { DEPLOYMENT, type SecretRevealed, type Vault, vaultNameOf } from "./vault.ts";
import type { VaultOwner } from "./vault-records.ts";

type Placement = Pick<LedgerPlacement, "jurisdiction" | "locationHint">;
type Revealed = Exclude<SecretRevealed, "keys_unavailable" | "damaged">;

interface Copy {
  readonly revealed: Promise<Revealed>;
  readonly askedAtMilliseconds: number;
}

/** The Worker's side of the vaults, which are kept where the ledgers are. */
export class Vaults {
  readonly #vaults: DurableObjectNamespace<Vault>;
  readonly #placement: Placement;
  readonly #copies = new Map<string, Copy>();

  constructor(vaults: DurableObjectNamespace<Vault>, placement: Placement) {
    this.#vaults = placement.jurisdiction === null ? vaults : vaults.jurisdiction(placement.jurisdiction);
    this.#placement = placement;
  }

  vaultOf(owner: VaultOwner): DurableObjectStub<Vault> {
    const hint = this.#placement.locationHint;
    return this.#vaults.getByName(vaultNameOf(owner), hint === null ? undefined : { locationHint: hint });
  }

  /**
   * A secret for one server. An isolate goes by its copy for a short while, unless `isRefused`: the server has just
   * refused what we had. @throws Outage
   */
  revealSecret(name: string, resource: string, { isRefused }: { readonly isRefused: boolean }): Promise<Revealed> {
    const key = JSON.stringify([name, resource]);
    const copy = this.#copies.get(key);
    const age = Date.now() - (copy?.askedAtMilliseconds ?? 0);
    if (!isRefused && copy !== undefined && age < LIMITS.vaultSecretFreshSeconds * 1000) return copy.revealed;
    const revealed = this.#reveal(name, resource);
    this.#keep(key, { revealed, askedAtMilliseconds: Date.now() });
    return revealed;
  }

  async #reveal(name: string, resource: string): Promise<Revealed> {
    const revealed = await this.#ask(async (vault) => vault.revealSecret(name, resource));
    if (revealed === "keys_unavailable") throw new Outage("vault_keys_unavailable");
    if (revealed === "damaged") throw new Outage("vault_record_damaged");
    return revealed;
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

  /** One question at a time for one secret; what was no secret is asked for again, so that setting one helps at once. */
  #keep(key: string, copy: Copy): void {
    this.#copies.delete(key);
    this.#copies.set(key, copy);
    const forget = (): void => {
      if (this.#copies.get(key) === copy) this.#copies.delete(key);
    };
    copy.revealed.then((revealed) => typeof revealed === "string" && forget(), forget);
    const [oldest] = this.#copies.keys();
    if (this.#copies.size > LIMITS.vaultSecretsCached && oldest !== undefined) this.#copies.delete(oldest);
  }
}
