import type { AccessToken } from "../access-token/verify.ts";
import { readClockSeconds } from "../http/trace.ts";
import type { Operation } from "../policy/operation.ts";
import { type AuthorizationDependencies, type Caller, identifyCaller, requirePermitted } from "./authorization.ts";
import type { Call } from "./call-record.ts";
import type { Forwarding } from "./forward.ts";
import { operationOf, operationsOf } from "./operation.ts";
import type { ToolGate } from "./tool-gate.ts";
import type { Sender } from "./upstream.ts";

/** By the policy as it is now, the connection itself included: a GET, a DELETE and a ping are somebody's too. */
export async function authorize(call: Call, token: AccessToken, uses: AuthorizationDependencies): Promise<Caller> {
  const { resource, message } = call;
  const caller = await identifyCaller({ token, resource, nowSeconds: readClockSeconds() }, uses);
  call.policyRevision = caller.policy.revision;
  const operations = message === null ? [null] : operationsOf(message);
  const permits = operations.map((operation) => requirePermitted(caller, withToolUnlearned(operation)));
  call.policyRules = [...new Set(permits.flatMap(({ rules }) => rules))].toSorted();
  call.obligations = permits.flatMap(({ obligations }) => obligations);
  return caller;
}

/** So that nothing is asked of a server for a call that is refused whatever it says. */
function withToolUnlearned(operation: Operation | null): Operation | null {
  return operation?.kind === "tool" ? { ...operation, tool: "to_be_learned" } : operation;
}

interface ToolCall {
  readonly call: Call;
  readonly caller: Caller;
  /** null where nobody asks what tools are. */
  readonly tools: ToolGate | null;
  readonly forwarding: Forwarding;
  readonly upstream: Sender;
}

/** Policy once more, now that it is known what the tool is. @returns its approved input schema */
export async function requireUsableTool({ call, caller, tools, forwarding, upstream }: ToolCall) {
  const operation = call.message === null ? null : operationOf(call.message);
  if (tools === null || operation?.kind !== "tool") return undefined;
  const usable = await tools.requireUsable(caller, operation, { forwarding, upstream });
  call.policyRules = usable.rules;
  call.obligations = usable.obligations;
  return usable.inputSchema;
}
