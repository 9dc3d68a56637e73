import type { Decided } from "../dependencies.ts";
import { Passed } from "../passed.ts";
import { Rejected } from "../rejection.ts";

type Needs = Pick<Decided, "client" | "idJag" | "window">;

/** ID-JAG §4.4.1: issued to the very client that presents it. `act` is no substitute: it names no client. */
export function clientContinuity({ idJag, client }: Needs): { clientChecked: Passed<"client_continuity"> } {
  if (idJag.clientId !== client.client_id) throw new Rejected("client_mismatch");
  return { clientChecked: new Passed("client_continuity") };
}
