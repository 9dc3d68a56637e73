/** Form parameters of a token request, without the client's own. */
export type GrantParameters = Readonly<Record<string, string | undefined>>;

export const TOKEN_TYPE = {
  accessToken: "urn:ietf:params:oauth:token-type:access_token",
  idJag: "urn:ietf:params:oauth:token-type:id-jag",
  idToken: "urn:ietf:params:oauth:token-type:id_token",
  jwt: "urn:ietf:params:oauth:token-type:jwt",
  refreshToken: "urn:ietf:params:oauth:token-type:refresh_token",
} as const;
export type TokenType = (typeof TOKEN_TYPE)[keyof typeof TOKEN_TYPE];

interface Wanted {
  readonly scope?: string | undefined;
  /** RFC 8707: what the token is for. */
  readonly resource?: string | undefined;
}

export function clientCredentialsGrant({ scope, resource }: Wanted): GrantParameters {
  return { grant_type: "client_credentials", scope, resource };
}

export function refreshTokenGrant(refreshToken: string, { scope, resource }: Wanted): GrantParameters {
  return { grant_type: "refresh_token", refresh_token: refreshToken, scope, resource };
}

interface CodeGrant extends Wanted {
  readonly code: string;
  readonly redirectUri: string;
  readonly codeVerifier: string;
}

export function authorizationCodeGrant({ code, redirectUri, codeVerifier, resource }: CodeGrant): GrantParameters {
  return { grant_type: "authorization_code", code, redirect_uri: redirectUri, code_verifier: codeVerifier, resource };
}

/** RFC 7523 §2.1. */
export function jwtBearerGrant(assertion: string, { scope, resource }: Wanted): GrantParameters {
  return { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion, scope, resource };
}

interface ExchangeGrant extends Wanted {
  readonly subjectToken: string;
  readonly subjectTokenType: TokenType;
  readonly requestedTokenType: TokenType;
  readonly audience?: string | undefined;
}

/** RFC 8693 §2.1. */
export function tokenExchangeGrant(asked: ExchangeGrant): GrantParameters {
  return {
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token: asked.subjectToken,
    subject_token_type: asked.subjectTokenType,
    requested_token_type: asked.requestedTokenType,
    audience: asked.audience,
    resource: asked.resource,
    scope: asked.scope,
  };
}
