import type { CredentialAsked } from "../../src/credentials/supplied.ts";
import { CLIENT, IDP, type Members, ORGANIZATION, RESOURCE, resourceDocument } from "./documents.ts";
import { parseDocument } from "./redemption.ts";

/** Ada's call of the ordinary server, whose document says this of its credential. */
export function askedOf(credential: Members, changes: Partial<CredentialAsked> = {}): CredentialAsked {
  const resource = parseDocument("resource", RESOURCE, resourceDocument({ upstream_credential: credential }));
  if (resource.upstream === undefined) throw new TypeError("a virtual server presents nothing");
  return {
    resource,
    resourceRevision: "revision-1",
    caller: {
      organization: ORGANIZATION,
      issuer: IDP,
      tenant: null,
      subject: "ada",
      principal: "usr_ada",
      clientId: CLIENT,
      tokenId: "token-1",
      actor: null,
      emailDomain: "acme.example",
      groups: ["engineers"],
      scope: ["files:read"],
      acr: null,
      amr: null,
      authTimeSeconds: null,
      expiresAtSeconds: Math.floor(Date.now() / 1000) + 300,
    },
    correlationId: "correlation-1",
    isRefused: false,
    ...changes,
  };
}
