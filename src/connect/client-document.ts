import { CALLBACK_PATH } from "./redirect-uri.ts";

export const CLIENT_DOCUMENT_PATH = "/.well-known/crossgate-client";

/**
 * Who we are at authorization servers that read Client ID Metadata Documents: known by this document's own address, and
 * proved by the keys of /jwks. A server that does not check the proof has no business with our users' codes.
 */
export function clientDocument(issuer: string): object {
  return {
    client_id: `${issuer}${CLIENT_DOCUMENT_PATH}`,
    client_name: "Crossgate",
    client_uri: issuer,
    redirect_uris: [`${issuer}${CALLBACK_PATH}`],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "private_key_jwt",
    token_endpoint_auth_signing_alg: "ES256",
    jwks_uri: `${issuer}/jwks`,
  };
}
