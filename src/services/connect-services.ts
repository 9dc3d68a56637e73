import { ConnectLinks } from "../connect/connect-link.ts";
import { Seal } from "../connect/seal.ts";
import type { CredentialAsked } from "../credentials/supplied.ts";
import { readClockSeconds } from "../http/trace.ts";
import type { Parts } from "./parts.ts";
import { requireSecret } from "./required-secret.ts";

/** @returns what makes the address at which the caller of this call, and nobody else, connects an account */
export function buildConnectUrl({ env, config }: Parts): (asked: CredentialAsked) => Promise<string> {
  const seal = new Seal(requireSecret("STATE_SECRET", env.STATE_SECRET));
  const links = new ConnectLinks(seal, config.issuer);
  return ({ caller, resource }) => {
    const { organization, issuer, tenant, principal, clientId } = caller;
    const wanted = { organization, issuer, tenant, principal, resource: resource.resource, client_id: clientId };
    return links.make(wanted, readClockSeconds());
  };
}
