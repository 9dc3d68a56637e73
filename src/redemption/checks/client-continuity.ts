import type { IdJag, Presented } from "../assertion.ts";
import { Rejected } from "../rejection.ts";

/** ID-JAG §4.4.1: issued to the very client that presents it. `act` is no substitute: it names no client. */
export function clientContinuity({ idJag, client }: Pick<Presented, "client"> & { idJag: IdJag }): object {
  if (idJag.clientId !== client.client_id) throw new Rejected("client_mismatch");
  return {};
}
