import { type Explained, explainedSchema } from "../../src/explain/explained.ts";
import type { RehearsalRequest } from "../../src/explain/rehearsal.ts";
import type { AdminClient } from "../backend/admin-client.ts";

/** By the running Crossgate itself. Of an ID-JAG its header and claims are sent and its signature is not: it is a credential. */
export function explainDeployed(request: RehearsalRequest, client: Pick<AdminClient, "ask">): Promise<Explained> {
  const { stated, clientId, resource, scope, authorizationDetails, provesKey, nowSeconds } = request;
  const body = {
    client: clientId,
    header: stated.header,
    claims: stated.claims,
    resource,
    scope,
    authorization_details: authorizationDetails,
    proves_key: provesKey,
    at: new Date(nowSeconds * 1000).toISOString(),
  };
  return client.ask({ method: "POST", path: "/explain", body: JSON.stringify(body) }, explainedSchema);
}
