import type { LocalCrossgate } from "../../../cli/local-runtime.ts";
import type { GrantToKeep } from "../../../src/vault/kept-grant.ts";

interface VaultOwner {
  readonly organization: string;
  readonly owner: string;
}

interface VaultCalls {
  setSecret(secret: { name: string; value: string; resources: null }): Promise<unknown>;
  keepIdentity(owner: VaultOwner, identity: GrantToKeep): Promise<unknown>;
  endSignIns(owner: VaultOwner, throughMilliseconds: number): Promise<number>;
}

/** A vault of a running Crossgate, by the name that its owner gives it. */
export async function vaultOf({ miniflare }: LocalCrossgate, { organization, owner }: VaultOwner): Promise<VaultCalls> {
  const vaults = await miniflare.getDurableObjectNamespace("VAULT");
  const stub = vaults.get(vaults.idFromName(`vault/v1/${JSON.stringify([organization, owner])}`));
  return stub as unknown as VaultCalls;
}

/** A secret for every server, as `crossgate vault set` puts it there. */
export async function setSecret(crossgate: LocalCrossgate, name: string, value: string): Promise<void> {
  await (
    await vaultOf(crossgate, { organization: "", owner: "deployment" })
  ).setSecret({ name, value, resources: null });
}
