import type { Json, JsonObject } from "../jwt/strict-json.ts";
import type { Guardrail } from "../trust/guardrail.ts";
import { compileTextPattern } from "../trust/text-pattern.ts";
import { fitsInputSchema } from "./arguments-schema.ts";
import { countForeignContent } from "./content-limits.ts";
import { askExternal, type External, ExternalFailed, type ExternalPorts } from "./external.ts";
import { type Detector, findMatches } from "./finding.ts";
import { type GuardedCall, GuardRefused, type GuardOutcome, type GuardPhase } from "./guarded-call.ts";
import { TextInspection } from "./inspect-texts.ts";
import { personalData } from "./personal-data.ts";
import { SECRETS } from "./secrets.ts";

/** What the caller sends: what the message carries, and what can be read and not changed. */
export interface Sent {
  readonly carried: JsonObject;
  /** What the message is about. */
  readonly named: JsonObject;
  /** An answer to a server's question, which has no parameters. */
  readonly isResponse: boolean;
  /** Headers that repeat what it carries. */
  readonly repeated: Readonly<Record<string, string>>;
  /** Of the tool that is called, as people have approved it; null where it is not known, and undefined where none is called. */
  readonly inputSchema: JsonObject | null | undefined;
}

interface Verdict {
  readonly value: JsonObject;
  readonly outcome: GuardOutcome["outcome"];
  readonly count: number;
}

const byteLength = (text: string): number => new TextEncoder().encode(text).length;

/** The processors of one server, about one call, one after the other. */
export class Guardrails {
  readonly #list: readonly Guardrail[];
  readonly #call: GuardedCall;
  readonly #ports: ExternalPorts;
  readonly #outcomes = new Map<string, GuardOutcome>();
  readonly #inspections = new Map<string, TextInspection>();
  #answeredBytes = 0;

  constructor(list: readonly Guardrail[], call: GuardedCall, ports: ExternalPorts) {
    this.#list = list;
    this.#call = call;
    this.#ports = ports;
  }

  get outcomes(): readonly GuardOutcome[] {
    return [...this.#outcomes.values()];
  }

  /** @returns what the message carries now. @throws GuardRefused */
  async before(sent: Sent): Promise<JsonObject> {
    let { carried } = sent;
    for (const guardrail of this.#list.filter((one) => looksAt(one, "before"))) {
      // oxlint-disable-next-line no-await-in-loop -- each sees what the one before it has left
      const verdict = await this.#judgeSent(guardrail, { ...sent, carried });
      this.#note(guardrail, "before", verdict);
      carried = verdict.value;
    }
    return carried;
  }

  /** @param text the message as it came. @returns it as it goes on. @throws GuardRefused */
  async after(message: JsonObject, text: string): Promise<JsonObject> {
    this.#answeredBytes += byteLength(text);
    let passed = message;
    for (const guardrail of this.#list.filter((one) => looksAt(one, "after"))) {
      // oxlint-disable-next-line no-await-in-loop -- each sees what the one before it has left
      const verdict = await this.#judgeAnswered(guardrail, passed);
      this.#note(guardrail, "after", verdict);
      passed = verdict.value;
    }
    return passed;
  }

  async #judgeSent(
    guardrail: Guardrail,
    { carried, named, repeated, inputSchema, isResponse }: Sent,
  ): Promise<Verdict> {
    const isRepeated = Object.keys(repeated).length > 0;
    if (guardrail.type === "external") {
      // Each in a place of its own, so that a parameter that is called "headers" hides none, and none hides it.
      const said = isResponse ? carried : { params: { ...named, ...carried } };
      const content = { ...said, ...(isRepeated ? { headers: repeated } : {}) };
      return { ...(await this.#ask(guardrail, "before", content)), value: carried };
    }
    if (guardrail.type === "arguments_schema") return judge(carried, fitsSchema(carried, inputSchema) ? 0 : 1);
    if (guardrail.type === "size") {
      const size = byteLength(JSON.stringify(carried)) + (isRepeated ? byteLength(JSON.stringify(repeated)) : 0);
      return judge(carried, size > (guardrail.arguments_bytes ?? Infinity) ? 1 : 0);
    }
    if (guardrail.type === "content") return judge(carried, 0);
    const verdict = this.#inspect(guardrail, "before", carried);
    // A name is one as it is; a header goes upstream beside the message, so that taking something out of that takes out nothing.
    const { count } = new TextInspection(detectorOf(guardrail)).inspect({ ...named, ...repeated });
    return count > 0 ? { ...verdict, outcome: "blocked", count: verdict.count + count } : verdict;
  }

  async #judgeAnswered(guardrail: Guardrail, message: JsonObject): Promise<Verdict> {
    if (guardrail.type === "external") {
      return { ...(await this.#ask(guardrail, "after", withoutNames(message))), value: message };
    }
    if (guardrail.type === "size") {
      return judge(message, this.#answeredBytes > (guardrail.result_bytes ?? Infinity) ? 1 : 0);
    }
    if (guardrail.type === "content") return judge(message, countForeignContent(message, guardrail));
    return guardrail.type === "arguments_schema" ? judge(message, 0) : this.#inspectAnswer(guardrail, message);
  }

  #inspectAnswer(guardrail: TextGuardrail, message: JsonObject): Verdict {
    const { jsonrpc, id, method, ...said } = message;
    const verdict = this.#inspect(guardrail, "after", withoutHandles(said));
    if (verdict.count === 0) return judge(message, 0);
    const names = Object.entries({ jsonrpc, id, method }).filter(([, value]) => value !== undefined);
    const result = withHandles(verdict.value, said);
    return { ...verdict, value: { ...Object.fromEntries(names), ...result } };
  }

  #inspect(guardrail: TextGuardrail, phase: GuardPhase, value: JsonObject): Verdict {
    const name = `${phase} ${guardrail.name}`;
    const inspection = this.#inspections.get(name) ?? new TextInspection(detectorOf(guardrail));
    this.#inspections.set(name, inspection);
    const { value: redacted, count, isStuck } = inspection.inspect(value);
    if (count === 0) return judge(value, 0);
    const isRedacted = guardrail.action === "redact" && !isStuck;
    return { value: redacted as JsonObject, outcome: isRedacted ? "redacted" : "blocked", count };
  }

  async #ask(guardrail: External, phase: GuardPhase, content: Json): Promise<Verdict> {
    const value = content as JsonObject;
    try {
      const decision = await askExternal(guardrail, { call: this.#call, phase, content }, this.#ports);
      return judge(value, decision === "block" ? 1 : 0);
    } catch (error) {
      if (!(error instanceof ExternalFailed)) throw error;
      return { value, outcome: "failed", count: 1 };
    }
  }

  /** One entry a processor and phase, however many messages a stream has. @throws GuardRefused */
  #note(guardrail: Guardrail, phase: GuardPhase, { outcome, count }: Verdict): void {
    const key = `${phase} ${guardrail.name}`;
    const before = this.#outcomes.get(key);
    const worst = before === undefined || SEVERITY[outcome] > SEVERITY[before.outcome] ? outcome : before.outcome;
    this.#outcomes.set(key, { name: guardrail.name, phase, outcome: worst, count: (before?.count ?? 0) + count });
    if (outcome === "blocked") throw new GuardRefused(phase === "before" ? "guardrail_blocked" : "guardrail_withheld");
    const isOpen = guardrail.type === "external" && guardrail.fail === "open";
    if (outcome === "failed" && !isOpen) throw new GuardRefused("guardrail_unavailable");
  }
}

const SEVERITY: Record<GuardOutcome["outcome"], number> = { passed: 0, redacted: 1, failed: 2, blocked: 3 };

type TextGuardrail = Extract<Guardrail, { type: "patterns" | "secrets" | "personal_data" }>;

function judge(value: JsonObject, count: number): Verdict {
  return { value, outcome: count > 0 ? "blocked" : "passed", count };
}

function looksAt(guardrail: Guardrail, phase: GuardPhase): boolean {
  if ("when" in guardrail) return guardrail.when === "both" || guardrail.when === phase;
  if (guardrail.type === "arguments_schema") return phase === "before";
  if (guardrail.type === "content") return phase === "after";
  return (phase === "before" ? guardrail.arguments_bytes : guardrail.result_bytes) !== undefined;
}

/** Whether answers have to be read for these: otherwise they stream through unread. */
export function guardsAnswers(list: readonly Guardrail[]): boolean {
  return list.some((guardrail) => looksAt(guardrail, "after"));
}

function detectorOf(guardrail: TextGuardrail): Detector {
  if (guardrail.type === "secrets") return SECRETS;
  if (guardrail.type === "personal_data") return personalData(guardrail.kinds);
  const rules = guardrail.patterns.map((source): [string, RegExp] => {
    const compiled = compileTextPattern(source);
    // The schema has refused what does not compile; if one came here all the same, it must not pass for no match.
    if ("flaw" in compiled) throw new TypeError("pattern does not compile");
    return [guardrail.name, compiled.expression];
  });
  return { find: (text) => findMatches(text, rules), readsBinary: true };
}

function fitsSchema(carried: JsonObject, schema: Sent["inputSchema"]): boolean {
  if (schema === undefined) return true;
  return schema !== null && fitsInputSchema(schema, carried["arguments"] ?? {});
}

/** What a client sends back byte for byte, or not at all (MCP, multi round-trip requests; pagination). */
const HANDLES = ["requestState", "nextCursor"];

function withoutHandles(said: JsonObject): JsonObject {
  return mapResult(said, (result) =>
    Object.fromEntries(Object.entries(result).filter(([name]) => !HANDLES.includes(name))),
  );
}

function withHandles(inspected: JsonObject, said: JsonObject): JsonObject {
  const { result: before } = said;
  const handles = Object.entries((before ?? {}) as JsonObject).filter(([name]) => HANDLES.includes(name));
  return handles.length === 0
    ? inspected
    : mapResult(inspected, (result) => ({ ...result, ...Object.fromEntries(handles) }));
}

function mapResult(said: JsonObject, change: (result: JsonObject) => JsonObject): JsonObject {
  const { result } = said;
  if (typeof result !== "object" || result === null || Array.isArray(result)) return said;
  return { ...said, result: change(result as JsonObject) };
}

function withoutNames({ jsonrpc: _jsonrpc, id: _id, method: _method, ...said }: JsonObject): JsonObject {
  return said;
}
