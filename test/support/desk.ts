import type { Members } from "./documents.ts";
import { type Answered, type CallChanges, type GatewayOptions, TestGateway } from "./gateway.ts";
import { DESK, deskDocument, flightsDocument, payrollDocument } from "./members.ts";

export interface DeskOptions extends Omit<GatewayOptions, "resources"> {
  /** What differs from the ordinary document of each. */
  readonly desk?: Members;
  readonly flights?: Members;
  readonly payroll?: Members;
}

/** A gateway with the virtual server and its two members. */
export function startDesk({ desk, flights, payroll, ...options }: DeskOptions = {}): Promise<TestGateway> {
  return TestGateway.start({
    resources: [deskDocument(desk), flightsDocument(flights), payrollDocument(payroll)],
    ...options,
  });
}

export async function callDesk(gateway: TestGateway, changes: CallChanges): Promise<Answered> {
  return gateway.call({ url: DESK, token: await gateway.token({ aud: DESK }), ...changes });
}

export function resultIn({ text }: Answered): unknown {
  return (JSON.parse(text) as { result?: unknown }).result;
}
