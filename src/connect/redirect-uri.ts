import { digestParts } from "../jwt/digest.ts";

export const CALLBACK_PATH = "/connect/callback";
export const SIGNED_IN_PATH = "/connect/signed-in";
const ISSUER_ID_CHARACTERS = 22;

/** One for each authorization server, to be registered there; our metadata document has one for all that read it. */
export async function callbackUri(
  { client }: { readonly client: { readonly kind: "registered" | "metadata_document" } },
  authorizationServer: string,
  ourIssuer: string,
): Promise<string> {
  if (client.kind === "metadata_document") return `${ourIssuer}${CALLBACK_PATH}`;
  return `${ourIssuer}${CALLBACK_PATH}/${await issuerId("connect-callback", authorizationServer)}`;
}

/**
 * Where an identity provider sends people back to, one for each provider, to be registered there: what one of them sends
 * is so never taken for another's, also where it does not say who it is (mix-up, RFC 9700 §4.4.2.2).
 */
export async function signedInUri(provider: string, ourIssuer: string): Promise<string> {
  return `${ourIssuer}${SIGNED_IN_PATH}/${await issuerId("connect-signed-in", provider)}`;
}

async function issuerId(use: string, issuer: string): Promise<string> {
  return (await digestParts([use, issuer])).slice(0, ISSUER_ID_CHARACTERS);
}
