import { UpstreamTokens } from "../../durable-objects/upstream-tokens.ts";
import { acquiredSupplier, type AcquisitionDependencies } from "../credentials/acquired.ts";
import { Credentials } from "../credentials/credentials.ts";
import { identify, type IdentityDependencies, identitySupplier } from "../credentials/identity.ts";
import { supplyNone } from "../credentials/none.ts";
import { secretSupplier } from "../credentials/secret.ts";
import { readClockSeconds } from "../http/trace.ts";
import { signByUnrevokedKey } from "../published-keys.ts";
import type { Parts } from "./parts.ts";

/** Who supplies which type of upstream credential. */
export function buildCredentials({ vaults, config, keys, revocations }: Parts): Credentials {
  const identity: IdentityDependencies = {
    issuer: config.issuer,
    sign: (typ, claims) => signByUnrevokedKey({ typ, claims }, keys, revocations),
    readClockSeconds,
  };
  const tokens = new UpstreamTokens((owner) => vaults.vaultOf(owner));
  const acquisition: AcquisitionDependencies = {
    acquire: (asked) => tokens.acquire(asked),
    identify: (asked, audience) => identify(asked, audience, identity),
  };
  return new Credentials({
    none: supplyNone,
    secret: secretSupplier(vaults),
    identity: identitySupplier(identity),
    client_credentials: acquiredSupplier(acquisition),
    token_exchange: acquiredSupplier(acquisition),
    authorization_code: acquiredSupplier(acquisition),
    xaa: acquiredSupplier(acquisition),
  });
}
