import type { Presented } from "./assertion.ts";
import { acceptanceWindow } from "./checks/acceptance-window.ts";
import { accessTokenSigned } from "./checks/access-token-signed.ts";
import { algorithmAllowed } from "./checks/algorithm-allowed.ts";
import { assertionType } from "./checks/assertion-type.ts";
import { assertionWellFormed } from "./checks/assertion-well-formed.ts";
import { assertionAudience } from "./checks/audience.ts";
import { authorizationDetails } from "./checks/authorization-details.ts";
import { claimsWellFormed } from "./checks/claims-well-formed.ts";
import { clientContinuity } from "./checks/client-continuity.ts";
import { issuerTrusted } from "./checks/issuer-trusted.ts";
import { policy } from "./checks/policy.ts";
import { proofOfPossession } from "./checks/proof-of-possession.ts";
import { proofUnused } from "./checks/proof-unused.ts";
import { resource } from "./checks/resource.ts";
import { scope } from "./checks/scope.ts";
import { signature } from "./checks/signature.ts";
import { singleUse } from "./checks/single-use.ts";
import { subject } from "./checks/subject.ts";
import { tenant } from "./checks/tenant.ts";
import type { Dependencies } from "./dependencies.ts";
import { Pipeline } from "./pipeline.ts";

/**
 * An ID-JAG in, an access token out: every check, in the order in which it is made. The client has been authenticated
 * before this list begins (`token-endpoint/token-request.ts`). All but the last leave the assertion as it was, so
 * nothing that is refused here, and no outage, costs a client its assertion.
 */
export const redemption = Pipeline.of<Presented, Dependencies>()
  .check("assertion_well_formed", assertionWellFormed) //  one strict reading, or none
  .check("assertion_type", assertionType) //               an ID-JAG and no other kind of JWT
  .check("issuer_trusted", issuerTrusted) //               an identity provider that an administrator trusts
  .check("tenant", tenant) //                              the organization that it may speak for
  .check("algorithm_allowed", algorithmAllowed) //         by that provider's own record
  .check("signature", signature) //                        exactly one of its keys; now the claims are claims
  .check("claims_well_formed", claimsWellFormed) //        types before values
  .check("audience", assertionAudience) //                 us, alone
  .check("acceptance_window", acceptanceWindow) //         not early, not late, never long-lived
  .check("client_continuity", clientContinuity) //         issued to the client that presents it
  .check("proof_of_possession", proofOfPossession) //      the key it is bound to, if it is
  .check("resource", resource) //                          one MCP server, ours
  .check("scope", scope) //                                requested ∩ asserted ∩ registered
  .check("authorization_details", authorizationDetails) // each of a registered type; requested within asserted
  .check("subject", subject) //                            (issuer, tenant, sub), and its account where the provider needs one
  .check("policy", policy) //                              the organization's rules; deny by default
  .check("access_token_signed", accessTokenSigned) //      signed, sealed, shown to nobody
  .check("proof_unused", proofUnused) //                   a DPoP proof serves once
  .check("single_use", singleUse); //                      the ledger: revocations, jti and audit record, one transaction
