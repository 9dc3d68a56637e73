import type { CredentialOfType } from "../trust/upstream-credential.ts";
import { CredentialRefused } from "./credential-refused.ts";
import type { CredentialCaller } from "./supplied.ts";

type HeaderClaim = CredentialOfType<"identity">["headers"][string];

/** Visible ASCII but for what separates items and what escapes: nothing that a person chose ends a header or an item. */
const ESCAPED = /[^\x21-\x24\x26-\x2b\x2d-\x7e]/gu;

/** Plain headers about the caller; one that there is nothing to say in is not sent. @throws CredentialRefused */
export function identityHeaders(
  headers: CredentialOfType<"identity">["headers"],
  caller: CredentialCaller,
): Record<string, string> {
  const entries = Object.entries(headers).map(([name, claim]): [string, string] => [name, spellItems(claim, caller)]);
  return Object.fromEntries(entries.filter(([, value]) => value !== ""));
}

function spellItems(claim: HeaderClaim, caller: CredentialCaller): string {
  return itemsOf(claim, caller)
    .map((item) => escape(item))
    .join(",");
}

function itemsOf(claim: HeaderClaim, caller: CredentialCaller): readonly string[] {
  const items: Record<HeaderClaim, readonly (string | null)[]> = {
    sub: [caller.subject],
    iss: [caller.issuer],
    client_id: [caller.clientId],
    organization: [caller.organization],
    tenant: [caller.tenant],
    groups: caller.groups,
    email_domain: [caller.emailDomain],
    act: [caller.actor],
    scope: caller.scope.toSorted(),
  };
  return items[claim].filter((item) => item !== null);
}

/** Percent-encoded where need be (RFC 3986 §2.1), so that no two values are written alike. */
function escape(item: string): string {
  if (!item.isWellFormed()) throw new CredentialRefused("credential_unusable");
  return item.replace(ESCAPED, (character) => {
    const bytes = new TextEncoder().encode(character);
    return [...bytes].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
  });
}
