import { type EgressRules, findUrlFlaw, isLoopbackHttp, type UrlFlaw } from "../../src/egress/url-policy.ts";
import { describeUrlFlaw } from "../../src/trust/url-flaw-words.ts";
import { contactedUrls } from "../../src/trust/upstream-credential.ts";
import type { KeySource } from "../../src/trust/key-source.ts";
import type { CheckedTrust } from "./checked-trust.ts";
import type { Finding } from "./finding.ts";

/** Everything that some Crossgate would contact; which one this is to be is judged by `findUrlFlaws`. */
export const WIDEST_RULES: EgressRules = { ownHost: "", allowsLoopback: true };

/**
 * A server of this machine may lead on to others of it. One elsewhere, which anybody may have written, does not get to
 * name addresses of the machine of whoever asks it.
 */
export function rulesOfNeighbourhood(url: string): EgressRules {
  return { ownHost: "", allowsLoopback: URL.canParse(url) && isLoopbackHttp(new URL(url)) };
}

interface NamedUrl {
  readonly file: string;
  readonly at: string;
  readonly url: string;
  /** A public name may share our host; an address that we contact may not. */
  readonly mayBeOurs: boolean;
}

/** Addresses that this deployment would refuse. */
export function findUrlFlaws(trust: CheckedTrust): readonly Finding[] {
  const { rules } = trust.deployment;
  return urlsOf(trust).flatMap(({ file, at, url, mayBeOurs }) => {
    const flaw = findUrlFlaw(url, mayBeOurs ? { ...rules, ownHost: "" } : rules);
    return flaw === null ? [] : [{ severity: "error" as const, file, at, ...wordsFor(flaw, url, rules) }];
  });
}

function wordsFor(flaw: UrlFlaw, url: string, rules: EgressRules): Pick<Finding, "problem" | "fix"> {
  if (flaw === "scheme" && isLoopbackHttp(new URL(url))) {
    return {
      problem: `${url} is plain http on this machine, which a deployment refuses`,
      fix: "Use the https URL; for documents that only crossgate dev reads, give --local.",
    };
  }
  if (flaw === "own_host") {
    return {
      problem: `${url} is on Crossgate's own host`,
      fix: "Name the server behind it; if --issuer was left out, the host is that of wrangler.toml.",
    };
  }
  // Not quoted: it may hold a password.
  return { problem: describeUrlFlaw(flaw, rules), fix: "Use an https URL with a public host name." };
}

function urlsOf({ set, fileOf }: CheckedTrust): readonly NamedUrl[] {
  const idps = [...set.idp.values()].flatMap(({ issuer, key_set }) => {
    const file = fileOf("idp", issuer);
    return [{ file, at: "issuer", url: issuer, mayBeOurs: false }, ...keySetUrl(file, "key_set", key_set)];
  });
  const clients = [...set.client.values()].flatMap(({ client_id, authentication }) => {
    const file = fileOf("client", client_id);
    if (!authentication.metadata_document) return keySetUrl(file, "authentication.key_set", authentication.key_set);
    return [{ file, at: "client_id", url: client_id.replace(/\*$/, ""), mayBeOurs: false }];
  });
  const resources = [...set.resource.values()].flatMap(({ resource, upstream, upstream_credential, guardrails }) => {
    const file = fileOf("resource", resource);
    return [
      { file, at: "resource", url: resource, mayBeOurs: true },
      ...(upstream === undefined ? [] : [{ file, at: "upstream", url: upstream, mayBeOurs: false }]),
      ...guardrails.flatMap((guardrail, index) =>
        guardrail.type === "external"
          ? [{ file, at: `guardrails.${index}.url`, url: guardrail.url, mayBeOurs: false }]
          : [],
      ),
      ...contactedUrls(upstream_credential).map(({ path, url }) => ({ file, at: path, url, mayBeOurs: false })),
    ];
  });
  return [...idps, ...clients, ...resources];
}

function keySetUrl(file: string, at: string, source: KeySource | undefined): readonly NamedUrl[] {
  return source?.kind === "remote" ? [{ file, at: `${at}.jwks_uri`, url: source.jwksUri, mayBeOurs: false }] : [];
}
