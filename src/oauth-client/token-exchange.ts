import type { Egress } from "../egress/exchange.ts";
import { TOKEN_TYPE, tokenExchangeGrant, type TokenType } from "./grants.ts";
import { type ExpectedIdJag, requireExpectedIdJag } from "./id-jag.ts";
import { OAuthFailure } from "./oauth-failure.ts";
import { requestToken, type TokenRequest } from "./token-request.ts";
import type { IssuedToken } from "./token-response.ts";

export type ExchangeParty = Pick<TokenRequest, "server" | "client" | "nowSeconds">;

export interface SubjectToken {
  readonly token: string;
  readonly type: TokenType;
}

interface ExchangeWanted {
  readonly subject: SubjectToken;
  readonly audience?: string | undefined;
  readonly resource?: string | undefined;
  readonly scope?: string | undefined;
}

/** RFC 8693: an access token for another's identity. @throws OAuthFailure */
export async function exchangeForAccessToken(
  party: ExchangeParty,
  { subject, ...wanted }: ExchangeWanted,
  egress: Egress,
): Promise<IssuedToken> {
  const requestedTokenType = TOKEN_TYPE.accessToken;
  const grant = tokenExchangeGrant({ ...named(subject), requestedTokenType, ...wanted });
  const issued = await requestToken({ ...party, grant, expectedType: "bearer" }, egress);
  return requireType(issued, [TOKEN_TYPE.accessToken, TOKEN_TYPE.jwt]);
}

export interface IdJagWanted extends Omit<ExpectedIdJag, "nowSeconds" | "issuer"> {
  readonly subject: SubjectToken;
  /** What the IdP calls that authorization server, where that is not its issuer identifier; the grant has that one. */
  readonly audienceAlias?: string | undefined;
  readonly scope?: string | undefined;
}

/**
 * ID-JAG §4.3: the IdP is asked for a grant at another authorization server, and what it gives is checked before anybody
 * sees it. `resource` always goes along (§9.4): it is what keeps the grant from being good for more. @throws OAuthFailure
 */
export async function exchangeForIdJag(
  party: ExchangeParty,
  { subject, scope, audienceAlias, ...expected }: IdJagWanted,
  egress: Egress,
): Promise<IssuedToken> {
  const { resource } = expected;
  const audience = audienceAlias ?? expected.audience;
  const requestedTokenType = TOKEN_TYPE.idJag;
  const grant = tokenExchangeGrant({ ...named(subject), requestedTokenType, audience, resource, scope });
  const issued = await requestToken({ ...party, grant, expectedType: "n_a" }, egress);
  requireType(issued, [TOKEN_TYPE.idJag]);
  requireExpectedIdJag(issued.token, { ...expected, issuer: party.server.issuer, nowSeconds: party.nowSeconds });
  return issued;
}

function named({ token, type }: SubjectToken): { readonly subjectToken: string; readonly subjectTokenType: TokenType } {
  return { subjectToken: token, subjectTokenType: type };
}

/** A server that does not know the request's type may issue what it likes: one that it names is what it is. */
function requireType(issued: IssuedToken, types: readonly string[]): IssuedToken {
  if (issued.issuedTokenType === null || !types.includes(issued.issuedTokenType)) {
    throw new OAuthFailure("issued_token_type");
  }
  return issued;
}
