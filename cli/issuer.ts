import { type EgressRules, isLoopbackHttp } from "../src/egress/url-policy.ts";
import { UsageError } from "./command-error.ts";

/** What the Worker will allow its documents to point at, given who it is. @throws UsageError for an unusable issuer */
export function egressRulesFor(issuer: string): EgressRules {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  if (url === undefined || url.origin !== issuer) {
    throw new UsageError(
      `--issuer ${issuer}: give an origin without path or trailing slash, like https://mcp.example.com.`,
    );
  }
  const allowsLoopback = isLoopbackHttp(url);
  if (url.protocol !== "https:" && !allowsLoopback) {
    throw new UsageError(`--issuer ${issuer}: must be https; plain http is for 127.0.0.1 and localhost only.`);
  }
  return { ownHost: url.hostname, allowsLoopback };
}
