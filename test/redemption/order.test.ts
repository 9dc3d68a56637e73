import { describe, expect, it } from "vitest";
import type { Presented } from "../../src/redemption/assertion.ts";
import { accessTokenSigned } from "../../src/redemption/checks/access-token-signed.ts";
import { acceptanceWindow } from "../../src/redemption/checks/acceptance-window.ts";
import { algorithmAllowed } from "../../src/redemption/checks/algorithm-allowed.ts";
import { assertionType } from "../../src/redemption/checks/assertion-type.ts";
import { assertionWellFormed } from "../../src/redemption/checks/assertion-well-formed.ts";
import { assertionAudience } from "../../src/redemption/checks/audience.ts";
import { authorizationDetails } from "../../src/redemption/checks/authorization-details.ts";
import { claimsWellFormed } from "../../src/redemption/checks/claims-well-formed.ts";
import { clientContinuity } from "../../src/redemption/checks/client-continuity.ts";
import { issuerTrusted } from "../../src/redemption/checks/issuer-trusted.ts";
import { policy } from "../../src/redemption/checks/policy.ts";
import { proofOfPossession } from "../../src/redemption/checks/proof-of-possession.ts";
import { proofUnused } from "../../src/redemption/checks/proof-unused.ts";
import { resource } from "../../src/redemption/checks/resource.ts";
import { scope } from "../../src/redemption/checks/scope.ts";
import { signature } from "../../src/redemption/checks/signature.ts";
import { singleUse } from "../../src/redemption/checks/single-use.ts";
import { subject } from "../../src/redemption/checks/subject.ts";
import { tenant } from "../../src/redemption/checks/tenant.ts";
import type { Dependencies } from "../../src/redemption/dependencies.ts";
import { Pipeline } from "../../src/redemption/pipeline.ts";

/**
 * The order of checks is a type. Every line below that puts two dependent checks the wrong way round must not compile,
 * and `npx tsc` fails as soon as one does: an @ts-expect-error without an error is an error.
 */
const start = Pipeline.of<Presented, Dependencies>();
const parsed = start.check("assertion_well_formed", assertionWellFormed);
const typed = parsed.check("assertion_type", assertionType);
const trusted = typed.check("issuer_trusted", issuerTrusted);
const tenanted = trusted.check("tenant", tenant);
const allowed = tenanted.check("algorithm_allowed", algorithmAllowed);
const signed = allowed.check("signature", signature);
const read = signed.check("claims_well_formed", claimsWellFormed);
const addressed = read.check("audience", assertionAudience);
const timely = addressed.check("acceptance_window", acceptanceWindow);
const continuous = timely.check("client_continuity", clientContinuity);
const proved = continuous.check("proof_of_possession", proofOfPossession);
const located = proved.check("resource", resource);
const scoped = located.check("scope", scope);
const understood = scoped.check("authorization_details", authorizationDetails);
const named = understood.check("subject", subject);
const decided = named.check("policy", policy);
const sealed = decided.check("access_token_signed", accessTokenSigned);

// @ts-expect-error -- the type is read from an assertion that nobody has parsed
start.check("assertion_type", assertionType);
// @ts-expect-error -- the issuer is read from an assertion that nobody has parsed
start.check("issuer_trusted", issuerTrusted);
// @ts-expect-error -- an issuer is asked about ID-JAGs, and of no other kind of JWT
parsed.check("issuer_trusted", issuerTrusted);
// @ts-expect-error -- only a trusted issuer's record says which tenants it may speak for
parsed.check("tenant", tenant);
// @ts-expect-error -- only a trusted issuer's record says which algorithms are allowed
parsed.check("algorithm_allowed", algorithmAllowed);
// @ts-expect-error -- there are no keys to verify with before an issuer is trusted
parsed.check("signature", signature);
// @ts-expect-error -- the header's own algorithm must never reach the verification
tenanted.check("signature", signature);
// @ts-expect-error -- claims are not claims before the signature holds
allowed.check("claims_well_formed", claimsWellFormed);
// @ts-expect-error -- values are not looked at before their types are
signed.check("audience", assertionAudience);
// @ts-expect-error -- values are not looked at before their types are
signed.check("acceptance_window", acceptanceWindow);
// @ts-expect-error -- an assertion for somebody else is not even looked at for its times
read.check("acceptance_window", acceptanceWindow);
// @ts-expect-error -- an assertion that is over names no client any more
addressed.check("client_continuity", clientContinuity);
// @ts-expect-error -- a key is asked of the client that the assertion was issued to
timely.check("proof_of_possession", proofOfPossession);
// @ts-expect-error -- the client that an assertion names is believed once it is verified
signed.check("client_continuity", clientContinuity);
// @ts-expect-error -- which key an assertion is bound to is believed once it is verified
signed.check("proof_of_possession", proofOfPossession);
// @ts-expect-error -- a resource may demand a proof, so the proof is checked first
continuous.check("resource", resource);
// @ts-expect-error -- a scope means something only at its resource
proved.check("scope", scope);
// @ts-expect-error -- authorization_details are read from verified claims
signed.check("authorization_details", authorizationDetails);
// @ts-expect-error -- a subject is (issuer, tenant, sub), all verified
signed.check("subject", subject);
// @ts-expect-error -- policy decides about a subject
understood.check("policy", policy);
// @ts-expect-error -- policy narrows what scope admits
located.check("subject", subject).check("policy", policy);
// @ts-expect-error -- there is nothing to sign before policy has granted
named.check("access_token_signed", accessTokenSigned);
// @ts-expect-error -- policy grants nothing while details that nobody understands may be among what was asked
scoped.check("subject", subject).check("policy", policy);
// @ts-expect-error -- a proof is spent only after it has been checked
timely.check("proof_unused", proofUnused);
// @ts-expect-error -- a signer that fails must not have cost the client its proof
decided.check("proof_unused", proofUnused);
// @ts-expect-error -- a proof that served before must not cost the client its assertion
sealed.check("single_use", singleUse);
// @ts-expect-error -- a signer that fails must not have cost the client its assertion
understood.check("single_use", singleUse);
// @ts-expect-error -- what one check established no later one may overwrite
trusted.check("overwrites", () => ({ idpRevision: "mine" }));
// @ts-expect-error -- not even what the request began with
start.check("overwrites", () => ({ nowSeconds: 0 }));
// @ts-expect-error -- a check may use only what redemption is given of the world
start.check("asks", (_known, { clock }: { clock: () => number }) => ({ time: clock() }));

describe("the order of checks", () => {
  it("compiles when it is right", () => {
    const whole = sealed.check("proof_unused", proofUnused).check("single_use", singleUse);
    expect(whole.order.at(-1)).toBe("single_use");
  });
});
