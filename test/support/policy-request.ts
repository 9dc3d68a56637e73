import type { PolicyRequest } from "../../src/policy/policy-request.ts";
import { CLIENT, IDP, RESOURCE } from "./documents.ts";
import { NOW } from "./redemption.ts";

/** Ada, of whom nothing more is known, with the client and at the server of `documents.ts`. */
export function policyRequest(overrides: Partial<PolicyRequest> = {}): PolicyRequest {
  return {
    issuer: IDP,
    idpTenant: null,
    clientId: CLIENT,
    resource: RESOURCE,
    subject: "user-ada",
    groups: new Set(),
    emailDomain: null,
    actor: null,
    acr: null,
    amr: new Set(),
    authTimeSeconds: null,
    nowSeconds: NOW,
    isKeyBound: false,
    scope: new Set(["files:read"]),
    authorizationDetailsTypes: new Set(),
    ...overrides,
  };
}
