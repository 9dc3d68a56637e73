import { ALGORITHMS } from "../jwt/json-web-key.ts";
import { CLIENT_AUTHENTICATION_METHODS, GRANT_TYPES } from "../trust/client.ts";

export const GRANT_PROFILE_ID_JAG = "urn:ietf:params:oauth:grant-profile:id-jag";

/**
 * RFC 8414 metadata, the same for every asker. Says that ID-JAGs are understood and never whose are trusted (ID-JAG
 * §9.4). `authorization_endpoint`, `code` and S256 are there because the official MCP SDKs refuse a document without
 * them; the endpoint explains itself (`authorize.ts`).
 */
export function authorizationServerMetadata(issuer: string): Record<string, unknown> {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ["code"],
    response_modes_supported: ["query"],
    code_challenge_methods_supported: ["S256"],
    grant_types_supported: [...GRANT_TYPES],
    authorization_grant_profiles_supported: [GRANT_PROFILE_ID_JAG],
    token_endpoint_auth_methods_supported: [...CLIENT_AUTHENTICATION_METHODS],
    token_endpoint_auth_signing_alg_values_supported: [...ALGORITHMS],
    client_id_metadata_document_supported: true,
    revocation_endpoint: `${issuer}/revoke`,
    revocation_endpoint_auth_methods_supported: [...CLIENT_AUTHENTICATION_METHODS],
    revocation_endpoint_auth_signing_alg_values_supported: [...ALGORITHMS],
    introspection_endpoint: `${issuer}/introspect`,
    introspection_endpoint_auth_methods_supported: [...CLIENT_AUTHENTICATION_METHODS],
    introspection_endpoint_auth_signing_alg_values_supported: [...ALGORITHMS],
    introspection_signing_alg_values_supported: ["ES256"],
    global_token_revocation_endpoint: `${issuer}/global-token-revocation`,
    // A JWT by the identity provider's own keys, as a bearer token.
    global_token_revocation_endpoint_auth_methods_supported: ["private_key_jwt"],
    dpop_signing_alg_values_supported: [...ALGORITHMS],
    // What an OpenID Connect reader of the same document insists on; we issue no ID Tokens.
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["ES256"],
  };
}
