import type { Recorder } from "../audit/recorder.ts";
import type { Egress } from "../egress/exchange.ts";
import type { OwnClient } from "../oauth-client/client-authentication.ts";
import type { Dependencies } from "../redemption/dependencies.ts";
import type { FencedFacts } from "../revocation/fence.ts";
import type { GrantToKeep, Registration } from "../vault/kept-grant.ts";
import type { ConnectLinks } from "./connect-link.ts";
import type { Journeys, Person } from "./journey.ts";

export interface KeptConnection {
  readonly kind: "grant" | "identity";
  /** The MCP server, by our identifier; of an identity, the provider's issuer. */
  readonly id: string;
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
  /** With what proves it; `whom` is the server or provider that the secret must be meant for. @throws ConnectRefused */
  readonly prove: (registration: Registration, whom: string) => Promise<OwnClient>;
  /** Each state once. */
  readonly spendState: (state: string) => Promise<"consumed" | "replayed">;
  readonly isRevoked: (facts: FencedFacts) => Promise<boolean>;
  /** By everything that has been said until the question, however fresh what is known is. @throws Outage */
  readonly isRevokedByNow: (facts: FencedFacts) => Promise<boolean>;
  /** @throws ConnectRefused, Outage where it is not kept */
  readonly keepGrant: (person: Person, resource: string, grant: GrantToKeep) => Promise<void>;
  readonly keepIdentity: (person: Person, identity: GrantToKeep) => Promise<void>;
  /** @throws Outage */
  readonly disconnect: (person: Person, connection: KeptConnection) => Promise<void>;
  readonly isNetworkWithinRate: (request: Request) => Promise<boolean>;
  readonly recorder: Recorder;
  readonly reportFault: (correlationId: string, cause: unknown) => void;
}
