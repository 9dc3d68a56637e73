import { resolve } from "node:path";
import { describeReason, isReason } from "../explain/reasons.ts";
import type { RefusedRequestLine } from "./worker-line.ts";

export interface Surroundings {
  readonly nowMilliseconds: number;
  readonly stateDirectory: string;
  /** What could have been meant where a name is unknown. */
  readonly clients: readonly string[];
  readonly servers: readonly string[];
}

const DEFAULT_STATE = resolve(".crossgate/state");
const NAMES_SHOWN = 5;

/** One line: when, what, at which check, whose and where; what it means, and what mends it. */
export function describeRefused(request: RefusedRequestLine, surroundings: Surroundings): string {
  const { decision, reason, check, client_id, resource, correlation_id } = request;
  const where = [
    ["at", check],
    ["client", client_id],
    ["server", resource],
    ["correlation", correlation_id],
  ].flatMap(([label, value]) => (value === null ? [] : [`${label} ${value}`]));
  const title = `${timeOf(surroundings.nowMilliseconds)}  ${decision} ${reason}`;
  return `${title}  ${where.join(", ")}: ${explain(request, surroundings)}`;
}

/** @returns how to read the record, where there is one: what nobody in particular sent has none. */
export function explainCommand(
  { client_id, correlation_id }: RefusedRequestLine,
  { stateDirectory }: Pick<Surroundings, "stateDirectory">,
): string | null {
  if (client_id === null) return null;
  const state = stateDirectory === DEFAULT_STATE ? "" : ` --state ${stateDirectory}`;
  return `npx crossgate explain ${correlation_id}${state}`;
}

function explain(request: RefusedRequestLine, surroundings: Surroundings): string {
  const { reason } = request;
  const command = explainCommand(request, surroundings);
  const more = command === null ? "" : ` More in a moment: ${command}`;
  if (reason === "server_unknown") {
    return `No MCP server has this URL. ${known("Servers", surroundings.servers)}`;
  }
  if (!isReason(reason)) return more.trim();
  const { meaning, fix } = describeReason(reason);
  const names = reason === "client_unknown" ? ` ${known("Clients", surroundings.clients)}` : "";
  return `${meaning} ${fix}${names}${more}`;
}

function known(title: string, names: readonly string[]): string {
  const others = names.length - NAMES_SHOWN;
  const shown = names.slice(0, NAMES_SHOWN).join(", ");
  if (names.length === 0) return `${title} here: none.`;
  return `${title} here: ${shown}${others > 0 ? ` and ${others} more` : ""}.`;
}

/** As the clock on the wall has it. */
function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toLocaleTimeString("en-GB", { hour12: false });
}
