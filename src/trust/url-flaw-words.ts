import type { EgressRules, UrlFlaw } from "../egress/url-policy.ts";
import { LIMITS } from "../limits.ts";

const FLAWS: Readonly<Record<UrlFlaw, string>> = {
  not_a_url: `it is no absolute URL of at most ${LIMITS.urlBytes} characters`,
  scheme: "its scheme is not https",
  credentials: "it holds a user name or password",
  fragment: "it has a fragment (#)",
  address_literal: "its host is an IP address",
  internal_name: "its host is a name of an internal network, or of workers.dev or cloudflareaccess.com",
  own_host: "its host is Crossgate's own, and a request to oneself never ends",
};

/** What is wrong with a URL, and what is allowed. Does not quote it: it may hold a password. */
export function describeUrlFlaw(flaw: UrlFlaw, { allowsLoopback }: Pick<EgressRules, "allowsLoopback">): string {
  const loopback = allowsLoopback
    ? ", or http on 127.0.0.1, localhost or [::1]"
    : " (http on this machine is for a local Crossgate alone)";
  return `URL not allowed: ${FLAWS[flaw]}; use https and a public host name${loopback}`;
}
