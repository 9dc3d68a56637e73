import type { LedgerPlacement } from "../src/config.ts";
import type { Vault } from "./vault.ts";

/** Whose records an object keeps; of the deployment itself, or of one person. */
export interface VaultOwner {
  readonly organization: string;
  readonly owner: string;
}

/** The secrets that operators name belong to nobody's organization. */
export const DEPLOYMENT: VaultOwner = { organization: "", owner: "deployment" };

/** No two owners share one. */
export function vaultNameOf({ organization, owner }: VaultOwner): string {
  return `vault/v1/${JSON.stringify([organization, owner])}`;
}

/** Vaults are kept where the ledgers are. */
export function findVault(
  vaults: DurableObjectNamespace<Vault>,
  { jurisdiction, locationHint }: Pick<LedgerPlacement, "jurisdiction" | "locationHint">,
  owner: VaultOwner,
): DurableObjectStub<Vault> {
  const namespace = jurisdiction === null ? vaults : vaults.jurisdiction(jurisdiction);
  return namespace.getByName(vaultNameOf(owner), locationHint === null ? undefined : { locationHint });
}
