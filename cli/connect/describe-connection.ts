import { inert } from "../inert-text.ts";
import type { AccountConnection } from "./account-connections.ts";

/** Some lines for people; what a server or a provider has called something is shown without its control characters. */
export function describeConnection(connection: AccountConnection): string {
  const { organization, principal, subjects, kind, connected_to, state, failure } = connection;
  const whom = subjects.map(({ issuer, subject }) => `${subject} at ${issuer}`).join(", ");
  const lines = [
    `${connected_to}  ${kind === "grant" ? "an account" : "a sign-in that is lent"}, ${STATES[state]}`,
    `  for      ${whom} (${organization}, ${principal})`,
    `  granted  ${describeTerms(connection)}`,
    `  used     ${connection.last_used_at ?? "never"}`,
    ...(failure === null ? [] : [`  failed   ${failure.reason} at ${failure.at}`]),
  ];
  return lines.map((line) => `${inert(line)}\n`).join("");
}

const STATES: Readonly<Record<AccountConnection["state"], string>> = {
  connected: "connected",
  renewing: "being renewed, or lost while it was",
  expired: "over: the next call asks the person again",
  lost: "lost: the next call asks the person again",
  unreadable: "damaged, or under a key that VAULT_KEYS does not have",
};

function describeTerms(connection: AccountConnection): string {
  const { connected_at, scope, client_id, authorization_server } = connection;
  if (connected_at === null) return "what cannot be read";
  const granted = scope ?? "scope not said";
  return `${granted}, ${connected_at}${describeEnd(connection)}, by ${authorization_server ?? ""} to ${client_id ?? ""}`;
}

function describeEnd({ state, ends_at }: AccountConnection): string {
  if (ends_at !== null) return ` until ${ends_at}`;
  return state === "lost" ? "" : " until somebody ends it";
}
