import { formatSecret } from "../trust/upstream-credential.ts";
import { CredentialRefused } from "./credential-refused.ts";
import type { Supplier } from "./supplied.ts";

type Revealed = { readonly value: string; readonly kid: string } | "absent" | "not_for_resource";

export interface SecretVault {
  /** @throws Outage */
  revealSecret(name: string, resource: string, how: { readonly isRefused: boolean }): Promise<Revealed>;
}

const REFUSALS = { absent: "credential_absent", not_for_resource: "credential_not_for_resource" } as const;

/** One secret for everybody, which an operator has put into the vault under a name. */
export function secretSupplier(vault: SecretVault): Supplier<"secret"> {
  return async ({ header, format, secret }, { resource, isRefused }) => {
    const revealed = await vault.revealSecret(secret, resource.resource, { isRefused });
    if (typeof revealed === "string") throw new CredentialRefused(REFUSALS[revealed]);
    return { headers: { [header]: formatSecret(format, revealed.value) }, kid: revealed.kid };
  };
}
