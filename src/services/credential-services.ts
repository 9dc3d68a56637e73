import { UpstreamTokens } from "../../durable-objects/upstream-tokens.ts";
import { acquiredSupplier, type AcquisitionDependencies } from "../credentials/acquired.ts";
import { CredentialRefused } from "../credentials/credential-refused.ts";
import { Credentials } from "../credentials/credentials.ts";
import { supplyNone } from "../credentials/none.ts";
import { notSupplied } from "../credentials/not-supplied.ts";
import { secretSupplier } from "../credentials/secret.ts";
import type { Parts } from "./parts.ts";

/** Who supplies which type of upstream credential. */
export function buildCredentials({ vaults }: Parts): Credentials {
  const tokens = new UpstreamTokens((owner) => vaults.vaultOf(owner));
  const acquisition: AcquisitionDependencies = {
    acquire: (asked) => tokens.acquire(asked),
    identify: () => Promise.reject(new CredentialRefused("credential_type_unsupported")),
  };
  return new Credentials({
    none: supplyNone,
    secret: secretSupplier(vaults),
    identity: notSupplied,
    client_credentials: acquiredSupplier(acquisition),
    token_exchange: acquiredSupplier(acquisition),
    authorization_code: acquiredSupplier(acquisition),
    xaa: acquiredSupplier(acquisition),
  });
}
