import type { TrustedIdp } from "../../src/trust/trusted-idp.ts";
import type { CheckedTrust } from "./checked-trust.ts";
import { listNames } from "./checked-trust.ts";
import type { Finding } from "./finding.ts";

/** What providers' documents say of assertions and of who their subjects are, and probably do not mean. */
export function findProviderOddities(trust: CheckedTrust): readonly Finding[] {
  return [...trust.set.idp.values()].flatMap((idp) => [
    ...sharedSamlIssuer(idp, trust),
    ...unresolvable(idp, trust),
    ...unusedTie(idp, trust),
    ...reusable(idp, trust),
    ...acceptsNothing(idp, trust),
  ]);
}

function warning(idp: TrustedIdp, { fileOf }: CheckedTrust, about: Omit<Finding, "severity" | "file">): Finding {
  return { severity: "warning", file: fileOf("idp", idp.issuer), ...about };
}

/** Two issuers that speak for one SAML provider each find the accounts of the other's users. */
function sharedSamlIssuer(idp: TrustedIdp, trust: CheckedTrust): readonly Finding[] {
  const others = [...trust.set.idp.values()].filter(
    (other) => other.issuer !== idp.issuer && other.saml_issuer === idp.saml_issuer,
  );
  if (idp.saml_issuer === undefined || others.length === 0) return [];
  const issuers = listNames(others.map(({ issuer }) => issuer));
  return [
    warning(idp, trust, {
      at: "saml_issuer",
      problem: `${issuers} may assert names of "${idp.saml_issuer}" too, and so find the same accounts`,
      fix: "Keep it in the document of the provider that signs for that SAML issuer, unless each may vouch for the other's users.",
    }),
  ];
}

function unresolvable(idp: TrustedIdp, trust: CheckedTrust): readonly Finding[] {
  const { subject_resolution: resolution } = idp;
  if (resolution.mode === "automatic" || resolution.by.length > 0) return [];
  return [
    warning(idp, trust, {
      at: "subject_resolution.by",
      problem: "no assertion finds an account by itself: only subjects that an administrator has bound are admitted",
      fix: 'Name "aud_sub", "saml_nameid" or "email", unless each subject is to be bound by hand.',
    }),
  ];
}

function unusedTie(idp: TrustedIdp, trust: CheckedTrust): readonly Finding[] {
  const { saml_issuer: samlIssuer, subject_resolution: resolution } = idp;
  const isUsed =
    resolution.mode === "strict" && (resolution.by.includes("saml_nameid") || resolution.saml_nameid_required);
  if (samlIssuer === undefined || isUsed) return [];
  return [
    warning(idp, trust, {
      at: "saml_issuer",
      problem: "it has no effect: subjects are not resolved by saml_nameid",
      fix: 'Name "saml_nameid" in subject_resolution.by, or remove it.',
    }),
  ];
}

function reusable(idp: TrustedIdp, trust: CheckedTrust): readonly Finding[] {
  if (idp.assertion_use === "single") return [];
  return [
    warning(idp, trust, {
      at: "assertion_use",
      problem:
        "its assertions may be redeemed again until they expire, which MCP's Enterprise-Managed Authorization forbids",
      fix: 'Leave it out, or say "single", unless its clients are not MCP clients.',
    }),
  ];
}

function acceptsNothing(idp: TrustedIdp, trust: CheckedTrust): readonly Finding[] {
  if (idp.assertion_types.length > 0) return [];
  return [
    warning(idp, trust, {
      at: "assertion_types",
      problem: "nothing of this provider is redeemed: the list is empty",
      fix: 'Name "id-jag", or leave it out.',
    }),
  ];
}
