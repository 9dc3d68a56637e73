import type { Recorder } from "../audit/recorder.ts";
import type { Egress } from "../egress/exchange.ts";
import type { OwnClient } from "../oauth-client/client-authentication.ts";
import type { IssuedToken } from "../oauth-client/token-response.ts";
import type { Dependencies } from "../redemption/dependencies.ts";
import type { FencedFacts } from "../revocation/fence.ts";
import type { CredentialOfType } from "../trust/upstream-credential.ts";
import type { SignIn, TrustedIdp } from "../trust/trusted-idp.ts";
import type { WantedConnection } from "./connect-link.ts";
import type { ConnectLinks } from "./connect-link.ts";
import type { Journeys, Person } from "./journey.ts";

/** What a person agreed to, as the server's authorization server answered. */
export interface Connected {
  readonly person: Person;
  readonly wanted: WantedConnection;
  readonly issued: IssuedToken;
}

export interface ConnectDependencies extends Pick<
  Dependencies,
  "issuer" | "findIdp" | "findResource" | "findKey" | "resolveSubject"
> {
  readonly links: ConnectLinks;
  readonly journeys: Journeys;
  readonly egress: Egress;
  /** What an agent calls itself in its document; its id where there is none any more. */
  readonly nameOfAgent: (clientId: string) => Promise<string>;
  /** Who we are at a provider where people sign in. */
  readonly clientAtProvider: (idp: TrustedIdp, signIn: SignIn) => Promise<OwnClient>;
  /** Who we are at an upstream's authorization server. */
  readonly clientAtUpstream: (
    credential: CredentialOfType<"authorization_code">,
    resource: string,
  ) => Promise<OwnClient>;
  /** Each state once. */
  readonly spendState: (state: string) => Promise<"consumed" | "replayed">;
  readonly isRevoked: (facts: FencedFacts) => Promise<boolean>;
  readonly keepGrant: (connected: Connected, authorizationServer: string) => Promise<void>;
  readonly keepIdentity: (connected: Connected) => Promise<void>;
  readonly isNetworkWithinRate: (request: Request) => Promise<boolean>;
  readonly recorder: Recorder;
  readonly reportFault: (correlationId: string, cause: unknown) => void;
}
