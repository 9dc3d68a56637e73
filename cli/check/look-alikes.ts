import { type CheckedTrust, listNames } from "./checked-trust.ts";
import type { Finding } from "./finding.ts";

/**
 * What two identifiers that people take for the same have in common. Crossgate compares byte for byte, so none of this
 * ever decides anything; it only finds the pairs that somebody will confuse.
 */
export function lookOf(identifier: string): string {
  if (!URL.canParse(identifier)) return identifier.toLowerCase();
  // The parser drops a default port and folds the host; paths are folded here, since a person would not see it.
  return new URL(identifier).href.toLowerCase().replace(/\/+$/, "");
}

/** @returns the identifier among `known` that `identifier` was probably meant to be. */
export function findLookAlike(identifier: string, known: Iterable<string>): string | null {
  const look = lookOf(identifier);
  for (const candidate of known) if (candidate !== identifier && lookOf(candidate) === look) return candidate;
  return null;
}

/** Documents for two issuers, or two servers, that differ by a slash, by case or by a default port. */
export function findLookAlikes({ set, fileOf }: CheckedTrust): readonly Finding[] {
  return (["idp", "resource", "client"] as const).flatMap((kind) => {
    const twins = [...Map.groupBy(set[kind].keys(), lookOf).values()].filter((group) => group.length > 1);
    return twins.flatMap((group) => group.map((name) => describeTwin(kind, name, { group, file: fileOf(kind, name) })));
  });
}

const WORDS = {
  idp: {
    severity: "error",
    member: "issuer",
    fix: 'Keep the one that the provider writes into "iss", byte for byte: users of each are other users.',
  },
  resource: {
    severity: "error",
    member: "resource",
    fix: "Keep the one that clients use as the server's URL, byte for byte.",
  },
  client: {
    severity: "warning",
    member: "client_id",
    fix: "Keep one, or give the other a name that nobody confuses with it.",
  },
} as const;

interface Twin {
  readonly group: readonly string[];
  readonly file: string;
}

function describeTwin(kind: keyof typeof WORDS, name: string, { group, file }: Twin): Finding {
  const { severity, member, fix } = WORDS[kind];
  const others = group.filter((other) => other !== name);
  return {
    severity,
    file,
    at: member,
    problem: `"${name}" differs from ${listNames(others)} only by a slash at the end, by case or by a default port`,
    fix,
  };
}
