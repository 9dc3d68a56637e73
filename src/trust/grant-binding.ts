import { digestParts } from "../jwt/digest.ts";
import type { CredentialOfType } from "./upstream-credential.ts";

/**
 * What a person's grant was made for, as the server's document says it: who gives it, to which client of ours, for which
 * upstream and scopes. Where any of that is another by now, what is wanted is another grant, which the person has not made.
 */
export function bindingOf(
  upstream: string,
  { authorization_server: server, client, scope }: CredentialOfType<"authorization_code">,
): Promise<string> {
  const ours = client.kind === "registered" ? [client.client_id, client.method, client.secret ?? ""] : [];
  const scopes = [...new Set(scope?.split(" "))].toSorted();
  return digestParts(["grant", upstream, server ?? "", client.kind, JSON.stringify(ours), JSON.stringify(scopes)]);
}
