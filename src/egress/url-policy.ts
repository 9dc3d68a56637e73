import { LIMITS } from "../limits.ts";

export interface EgressRules {
  /** Our own host: a fetch to ourselves is never what an administrator meant, and loops. */
  readonly ownHost: string;
  /** True only for a local Crossgate, whose own issuer is a plain-http loopback address. */
  readonly allowsLoopback: boolean;
  /** The one host among the internal ones that may be contacted: where Cloudflare Access keeps our team's keys. */
  readonly teamHost?: string;
}

/** Why a URL may not be contacted; null when it may. */
export type UrlFlaw =
  | "not_a_url"
  | "scheme"
  | "credentials"
  | "fragment"
  | "address_literal"
  | "internal_name"
  | "own_host";

const LOOPBACK_HOSTS = new Set(["127.0.0.1", "localhost", "[::1]"]);
const INTERNAL_SUFFIXES = [
  "localhost",
  "local",
  "internal",
  "intranet",
  "home.arpa",
  "home",
  "lan",
  "localdomain",
  "corp",
  "private",
  // What a cluster's own resolver completes (kubernetes.default.svc).
  "svc",
  "cloudflareaccess.com",
  "workers.dev",
];

/** @returns whether this is http on this very machine. */
export function isLoopbackHttp(url: URL): boolean {
  return url.protocol === "http:" && LOOPBACK_HOSTS.has(url.hostname);
}

/**
 * Decides on the parsed hostname, which WHATWG's parser has already folded: decimal, hexadecimal, octal, short and
 * circled-digit spellings of an address all arrive here dotted. Every address literal is refused, public or not.
 * Cannot see what a name resolves to: a Worker can neither choose nor pin the address it connects to.
 */
export function findUrlFlaw(text: string, rules: EgressRules): UrlFlaw | null {
  if (text.length > LIMITS.urlBytes || !URL.canParse(text)) return "not_a_url";
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") return "credentials";
  if (url.hash !== "" || text.includes("#")) return "fragment";
  if (isLoopbackHttp(url)) return rules.allowsLoopback ? null : "scheme";
  return url.protocol === "https:" ? findHostFlaw(url.hostname, rules) : "scheme";
}

function findHostFlaw(hostname: string, rules: EgressRules): UrlFlaw | null {
  // The parser keeps trailing dots, and a resolver ignores at least one.
  const host = hostname.replace(/\.+$/, "");
  if (host.startsWith("[") || /^[\d.]+$/.test(host)) return "address_literal";
  if (host === rules.ownHost) return "own_host";
  if (host === rules.teamHost) return null;
  if (!host.includes(".")) return "internal_name";
  return INTERNAL_SUFFIXES.some((suffix) => `.${host}`.endsWith(`.${suffix}`)) ? "internal_name" : null;
}
