import { Rejected } from "../../redemption/rejection.ts";
import type { Client } from "../../trust/client.ts";
import type { Revised } from "../../trust/trust-store.ts";
import type { Form } from "../form.ts";
import type { ClientKeyChoice, WantedKey } from "./client-key.ts";
import type { ClientSecrets } from "./client-secret.ts";
import { type Credentials, readCredentials } from "./credentials.ts";
import { verifyAgainstNobody } from "./nobody.ts";
import { parseClientAssertion, type SpendableJti, verifyClientAssertion } from "./private-key-jwt.ts";

export interface ClientDirectory {
  readonly issuer: string;
  readonly secrets: ClientSecrets;
  readonly findClient: (clientId: string) => Promise<Revised<Client> | null>;
  readonly findClientKey: (client: Client, wanted: WantedKey) => Promise<ClientKeyChoice>;
}

export interface Authenticated {
  readonly client: Revised<Client>;
  /** Of a client assertion: the identifier that must now be consumed, once. */
  readonly spendable: SpendableJti | null;
}

interface Presentation {
  readonly authorization: string | null;
  readonly form: Form;
  readonly nowSeconds: number;
}

/**
 * Exactly one method a request, and one that the client's record allows; what was verified decides, never what a header
 * claims. A client that does not exist costs the same steps as one that does. @throws Rejected, Outage
 */
export async function authenticateClient(
  { authorization, form, nowSeconds }: Presentation,
  directory: ClientDirectory,
): Promise<Authenticated> {
  const credentials = readCredentials(authorization, form);
  if (credentials.method === "private_key_jwt") return byAssertion(credentials, nowSeconds, directory);
  const found = await directory.findClient(credentials.clientId);
  const matches = await directory.secrets.matches(
    credentials.secret,
    found?.document.authentication.secret_digests ?? [],
  );
  const client = requireUsable(found, credentials.method);
  if (!matches) throw new Rejected("client_secret_wrong");
  return { client, spendable: null };
}

async function byAssertion(
  credentials: Extract<Credentials, { method: "private_key_jwt" }>,
  nowSeconds: number,
  directory: ClientDirectory,
): Promise<Authenticated> {
  const assertion = parseClientAssertion(credentials.assertion, credentials.clientId);
  const found = await directory.findClient(assertion.unverifiedClientId);
  if (!isUsable(found, "private_key_jwt")) await verifyAgainstNobody(assertion.jws);
  const client = requireUsable(found, "private_key_jwt");
  const spendable = await verifyClientAssertion(assertion, client.document, {
    issuer: directory.issuer,
    nowSeconds,
    findKey: directory.findClientKey,
  });
  return { client, spendable };
}

function isUsable(found: Revised<Client> | null, method: Credentials["method"]): boolean {
  return found?.document.enabled === true && found.document.authentication.methods.includes(method);
}

function requireUsable(found: Revised<Client> | null, method: Credentials["method"]): Revised<Client> {
  if (found === null) throw new Rejected("client_unknown");
  if (!found.document.enabled) throw new Rejected("client_disabled");
  if (!found.document.authentication.methods.includes(method)) throw new Rejected("client_method_not_allowed");
  return found;
}
