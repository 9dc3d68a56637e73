import { Vaults } from "../../durable-objects/vaults.ts";
import { Credentials } from "../credentials/credentials.ts";
import { supplyNone } from "../credentials/none.ts";
import { notSupplied } from "../credentials/not-supplied.ts";
import { secretSupplier } from "../credentials/secret.ts";
import type { Parts } from "./parts.ts";

/** Who supplies which type of upstream credential. */
export function buildCredentials({ env, config }: Parts): Credentials {
  const vaults = new Vaults(env.VAULT, config.ledger);
  return new Credentials({
    none: supplyNone,
    secret: secretSupplier(vaults),
    identity: notSupplied,
    client_credentials: notSupplied,
    token_exchange: notSupplied,
    authorization_code: notSupplied,
    xaa: notSupplied,
  });
}
