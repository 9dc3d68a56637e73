import type { SignIn } from "../trust/trusted-idp.ts";
import type { CredentialOfType } from "../trust/upstream-credential.ts";
import type { Registration } from "../vault/kept-grant.ts";
import { CLIENT_DOCUMENT_PATH } from "./client-document.ts";

/** Who we are at a provider where people sign in; with private_key_jwt, by the keys of /jwks. */
export function registrationAtProvider({ client_id, method, secret }: SignIn): Registration {
  return { client_id, method, secret: secret ?? null };
}

/** Who we are at a server's authorization server. */
export function registrationAtUpstream(
  { client }: CredentialOfType<"authorization_code">,
  ourIssuer: string,
): Registration {
  if (client.kind === "metadata_document") {
    return { client_id: `${ourIssuer}${CLIENT_DOCUMENT_PATH}`, method: "private_key_jwt", secret: null };
  }
  const { client_id, method, secret } = client;
  return { client_id, method, secret: secret ?? null };
}
