import type { ProtectedResource } from "../../src/trust/protected-resource.ts";
import type { CheckedTrust } from "./checked-trust.ts";
import type { Finding } from "./finding.ts";

/**
 * A token that tells an upstream who calls must not be for one of our own doors, where it would be a key: the gateway
 * makes none (src/credentials/identity.ts), so that every call of that server would fail.
 */
export function findOwnAudiences({ set, deployment, fileOf }: CheckedTrust): readonly Finding[] {
  return [...set.resource.values()].flatMap((resource): Finding[] => {
    const audience = audienceOf(resource);
    if (audience === null || !isOurs(audience, [deployment.issuer, resource.resource])) return [];
    return [
      {
        severity: "error",
        file: fileOf("resource", resource.resource),
        at: "upstream_credential.audience",
        problem: `${audience} is at Crossgate's own address: a token for it would open doors here, so none is made and every call fails`,
        fix: "Name the server behind it as it calls itself, or leave audience out: then it is the upstream's URL.",
      },
    ];
  });
}

function audienceOf({ upstream_credential: credential }: ProtectedResource): string | null {
  return credential.type === "identity" ? (credential.audience ?? null) : null;
}

function isOurs(audience: string, own: readonly string[]): boolean {
  const origin = URL.canParse(audience) ? new URL(audience).origin : audience;
  return own.some((url) => new URL(url).origin === origin);
}
