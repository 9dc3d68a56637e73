import type { ProtectedResource } from "../../src/trust/protected-resource.ts";
import type { TrustedIdp } from "../../src/trust/trusted-idp.ts";
import { findClientIn } from "../trust-set.ts";
import { type CheckedTrust, listNames, mayBeBroken } from "./checked-trust.ts";
import type { Finding } from "./finding.ts";

/** Providers' own access tokens: what one document says of them has an effect only where the others agree. */
export function findProviderTokenFlaws(trust: CheckedTrust): readonly Finding[] {
  const { idp, resource } = trust.set;
  return [
    ...[...resource.values()].flatMap((one) => ofServer(one, trust)),
    ...[...idp.values()].flatMap((one) => [...unknownClients(one, trust), ...untaken(one, trust)]),
  ];
}

function ofServer(server: ProtectedResource, trust: CheckedTrust): readonly Finding[] {
  return Object.keys(server.provider_tokens).flatMap((issuer) => [
    ...unready(server, issuer, trust),
    ...sharedAudience(server, issuer, trust),
  ]);
}

function unready({ resource }: ProtectedResource, issuer: string, trust: CheckedTrust): readonly Finding[] {
  const idp = trust.set.idp.get(issuer);
  if (idp?.access_tokens !== undefined || mayBeBroken(trust, "idp", issuer)) return [];
  const place = { file: trust.fileOf("resource", resource), at: `provider_tokens.${issuer}` };
  return idp === undefined
    ? [
        {
          ...place,
          severity: "error",
          problem: `there is no identity provider "${issuer}"`,
          fix: "Correct it, remove it, or describe it in idp/: names are compared byte for byte.",
        },
      ]
    : [
        {
          ...place,
          severity: "warning",
          problem: "its tokens are refused here: the provider's own document has no access_tokens",
          fix: `Say in ${trust.fileOf("idp", issuer)} which of its clients may bring them.`,
        },
      ];
}

/** Whoever has a token for one of them has one for the others. */
function sharedAudience({ resource, provider_tokens }: ProtectedResource, issuer: string, trust: CheckedTrust) {
  const audience = provider_tokens[issuer]?.audience ?? resource;
  const others = [...trust.set.resource.values()].filter((other) => {
    const accepted = other.provider_tokens[issuer];
    return other.resource !== resource && accepted !== undefined && (accepted.audience ?? other.resource) === audience;
  });
  if (others.length === 0) return [];
  const names = listNames(others.map((other) => other.resource));
  const finding: Finding = {
    severity: "warning",
    file: trust.fileOf("resource", resource),
    at: `provider_tokens.${issuer}.audience`,
    problem: `a token of the provider's for this server is good at ${names} too`,
    fix: "Give each server an audience of its own, best its URL, unless they are meant to be one to the provider.",
  };
  return [finding];
}

function unknownClients({ issuer, access_tokens }: TrustedIdp, trust: CheckedTrust): readonly Finding[] {
  return Object.entries(access_tokens?.clients ?? {}).flatMap(([foreign, ours]): Finding[] =>
    findClientIn(trust.set, ours) !== null || mayBeBroken(trust, "client", ours)
      ? []
      : [
          {
            severity: "error",
            file: trust.fileOf("idp", issuer),
            at: `access_tokens.clients.${foreign}`,
            problem: `there is no client "${ours}"`,
            fix: "Name the client of yours that the provider's one is, or describe it in client/.",
          },
        ],
  );
}

function untaken({ issuer, access_tokens }: TrustedIdp, trust: CheckedTrust): readonly Finding[] {
  const isTaken = [...trust.set.resource.values()].some(({ provider_tokens }) =>
    Object.hasOwn(provider_tokens, issuer),
  );
  if (access_tokens === undefined || isTaken || [...trust.broken].some((key) => key.startsWith("resource:"))) return [];
  return [
    {
      severity: "warning",
      file: trust.fileOf("idp", issuer),
      at: "access_tokens",
      problem: "it has no effect: no MCP server takes this provider's own tokens",
      fix: "Name the issuer in provider_tokens of a server's document, or remove it.",
    },
  ];
}
