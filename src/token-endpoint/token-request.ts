import type { Presented } from "../redemption/assertion.ts";
import { Pipeline } from "../redemption/pipeline.ts";
import { Rejected } from "../redemption/rejection.ts";
import { type Client, GRANT_TYPES } from "../trust/client.ts";
import { authenticateClient, type ClientDirectory } from "./client-authentication/authenticate-client.ts";
import type { SpendableJti } from "./client-authentication/private-key-jwt.ts";
import { type Form, readForm } from "./form.ts";

export interface Received {
  readonly request: Request;
  /** Read once, when all of the request is there: a body held open must not carry an old clock into the checks. */
  readonly readClockSeconds: () => number;
  readonly attemptId: string;
}

export interface TokenRequestDependencies extends ClientDirectory {
  /** By network, before anything is known about the caller. */
  readonly isNetworkWithinRate: (request: Request) => Promise<boolean>;
  readonly isClientWithinRate: (clientId: string) => Promise<boolean>;
  readonly consumeClientAssertion: (clientId: string, spendable: SpendableJti) => Promise<"consumed" | "replayed">;
}

interface ReceivedForm {
  readonly form: Form;
  readonly nowSeconds: number;
}

interface AuthenticatedClient {
  readonly client: Client;
  readonly clientRevision: string;
}

/** From an HTTP request to what an authenticated client presents. Cheap refusals first; no network before the client. */
export const tokenRequest = Pipeline.of<Received, TokenRequestDependencies>()
  .check("method", method) //                              POST alone
  .check("network_rate", networkRate) //                   shed before work is done
  .check("form", form) //                                  media type, size, nothing twice
  .check("client_authentication", clientAuthentication) // exactly one method, one that the client may use
  .check("client_rate", clientRate) //                     one client's flood is its own
  .check("client_assertion_unused", clientAssertionUnused) //    a client assertion serves once
  .check("grant", grant); //                               a grant type we know and the client may use

function method({ request }: Received): object {
  if (request.method !== "POST") throw new Rejected("method_not_post");
  return {};
}

async function networkRate({ request }: Received, { isNetworkWithinRate }: TokenRequestDependencies): Promise<object> {
  if (!(await isNetworkWithinRate(request))) throw new Rejected("network_rate_limited");
  return {};
}

async function form({ request, readClockSeconds }: Received): Promise<ReceivedForm> {
  const parameters = await readForm(request);
  return { form: parameters, nowSeconds: readClockSeconds() };
}

async function clientAuthentication(
  known: Received & ReceivedForm,
  directory: ClientDirectory,
): Promise<AuthenticatedClient & { readonly spendable: SpendableJti | null }> {
  const authorization = known.request.headers.get("authorization");
  const { client, spendable } = await authenticateClient({ ...known, authorization }, directory);
  return { client: client.document, clientRevision: client.revision, spendable };
}

/** In a namespace of its own: no client assertion can spend an ID-JAG's identifier, nor the other way round. */
async function clientAssertionUnused(
  { client, spendable }: AuthenticatedClient & { readonly spendable: SpendableJti | null },
  { consumeClientAssertion }: TokenRequestDependencies,
): Promise<object> {
  const consumption = spendable === null ? "consumed" : await consumeClientAssertion(client.client_id, spendable);
  if (consumption === "replayed") throw new Rejected("client_assertion_replayed");
  return {};
}

async function clientRate(
  { client }: AuthenticatedClient,
  uses: Pick<TokenRequestDependencies, "isClientWithinRate">,
): Promise<object> {
  if (!(await uses.isClientWithinRate(client.client_id))) throw new Rejected("client_rate_limited");
  return {};
}

function grant(known: Received & AuthenticatedClient & ReceivedForm): { presented: Presented } {
  const { form: parameters, client } = known;
  const requested = parameters.get("grant_type");
  if (requested === undefined) throw new Rejected("grant_type_missing");
  const grantType = GRANT_TYPES.find((candidate) => candidate === requested);
  if (grantType === undefined) throw new Rejected("grant_type_unsupported");
  if (!client.grant_types.includes(grantType)) throw new Rejected("grant_type_not_allowed");
  const assertion = parameters.get("assertion");
  if (assertion === undefined) throw new Rejected("assertion_missing");
  return {
    presented: {
      nowSeconds: known.nowSeconds,
      attemptId: known.attemptId,
      client,
      clientRevision: known.clientRevision,
      grantType,
      assertion,
      requestedScope: parameters.get("scope") ?? null,
      requestedResource: parameters.get("resource") ?? null,
      requestedAuthorizationDetails: parameters.get("authorization_details") ?? null,
      // Two DPoP headers arrive as one value with a comma, which no JWT has (RFC 9449 §4.3 item 1).
      dpopProof: known.request.headers.get("dpop"),
    },
  };
}
