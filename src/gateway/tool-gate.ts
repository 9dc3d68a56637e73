import { isObject, type Json, type JsonObject } from "../jwt/strict-json.ts";
import { compile } from "../policy/compiled-policy.ts";
import type { CallPermitted } from "../policy/decide-call.ts";
import type { Operation } from "../policy/operation.ts";
import { type ToolFacts, UNANNOTATED } from "../policy/tool-annotations.ts";
import type { ApprovedDefinitions, ApprovedTools } from "../trust/approved-tools.ts";
import { readApproved } from "../trust/approved-tools.ts";
import { knownMembersOf } from "../trust/tool-definition.ts";
import type { Revised } from "../trust/trust-store.ts";
import { type Caller, requirePermitted } from "./authorization.ts";
import type { Call } from "./call-record.ts";
import type { Forwarding } from "./forward.ts";
import { type KnownTools, type SeenTool, seenToolsOf } from "./known-tools.ts";
import { listTools } from "./list-tools.ts";
import { requireMirrored } from "./mirrored-arguments.ts";
import { isStateless } from "./mirrored-headers.ts";
import { CallRefused } from "./refusal.ts";
import type { HeldBack } from "./report-held-back.ts";
import type { Sender } from "./upstream.ts";

export interface ToolGateDependencies {
  readonly findApprovedTools: (resource: string) => Promise<Revised<ApprovedTools> | null>;
  readonly knownTools: KnownTools;
  readonly reportHeldBack: (held: HeldBack) => void;
}

/** The call that waits, and who would send it on. */
interface Sending {
  readonly forwarding: Forwarding;
  readonly upstream: Sender;
}

/** A tool that may be called. */
export interface UsableTool extends CallPermitted {
  readonly inputSchema: JsonObject | null;
}

/** A tool of a list, and what policy is to be asked about it. */
export interface JudgedTool {
  readonly item: Json;
  readonly facts: ToolFacts;
  /** Approved as it is, or nobody has to approve the tools of this server. */
  readonly isHeldBack: boolean;
}

/**
 * What is known of a server's tools in the place of one call: what they say of themselves, and whether people have
 * approved it. A server that shows us one definition and calls another is beyond this; what agents are told is not.
 */
export class ToolGate {
  readonly #call: Call;
  readonly #uses: ToolGateDependencies;
  readonly #approved: ApprovedDefinitions;
  readonly #holdsBack: boolean;

  private constructor(call: Call, uses: ToolGateDependencies, approved: ApprovedDefinitions) {
    this.#call = call;
    this.#uses = uses;
    this.#approved = approved;
    this.#holdsBack = call.resource.tool_approval === "hold_back";
  }

  /** @returns null where neither the server's document nor policy asks about definitions. @throws Outage */
  static async open(call: Call, caller: Caller, uses: ToolGateDependencies): Promise<ToolGate | null> {
    if (!asksAboutTools(caller)) return null;
    const found = await uses.findApprovedTools(call.resource.resource);
    return new ToolGate(call, uses, found === null ? new Map() : await readApproved(found.document));
  }

  /**
   * Before a tool is called, and after policy has said that it may be, if it is what it may be. Policy knows it by the
   * name that the operation says, and its server by the one in the message.
   * @throws CallRefused
   */
  async requireUsable(caller: Caller, operation: Operation, sending: Sending): Promise<UsableTool> {
    const name = this.#call.message?.target ?? "";
    if (this.#holdsBack && !this.#approved.has(name)) throw new CallRefused("tool_not_approved");
    const seen = await this.#find(name, sending);
    const facts = this.#factsOf(name, seen);
    const permitted = requirePermitted(caller, { ...operation, tool: facts });
    if (this.#holdsBack && !facts.isApproved) throw new CallRefused("tool_changed");
    this.#requireMirrored(seen);
    return { ...permitted, inputSchema: this.#inputSchemaOf(name, seen) };
  }

  /** The tools of a list that passes by, which are known from then on. */
  async judge(items: readonly Json[], upstreamSessionId: string | null): Promise<readonly JudgedTool[]> {
    const seen = await seenToolsOf(items);
    this.#uses.knownTools.learn(this.#view(upstreamSessionId), seen, false);
    const judged = items.map((item) => {
      const name = isObject(item) ? item["name"] : undefined;
      const facts = typeof name === "string" ? this.#factsOf(name, seen.get(name) ?? "absent") : NOTHING;
      return { item: this.#pinned(item), facts, isHeldBack: this.#holdsBack && !facts.isApproved };
    });
    if (this.#holdsBack) this.#report(seen);
    return judged;
  }

  /** The server has said that its tools are others now. */
  forget(upstreamSessionId: string | null): void {
    this.#uses.knownTools.forget(this.#view(upstreamSessionId));
  }

  get holdsBack(): boolean {
    return this.#holdsBack;
  }

  async #find(name: string, { forwarding, upstream }: Sending): Promise<SeenTool | "absent"> {
    const { knownTools } = this.#uses;
    const view = this.#view(forwarding.upstreamSessionId);
    const known = knownTools.find(view, name);
    if (known !== null) return known;
    const statelessVersion = this.#isStateless() ? this.#version() : null;
    const seen = await seenToolsOf(await listTools({ forwarding, statelessVersion, upstream }));
    knownTools.learn(view, seen, true);
    return seen.get(name) ?? "absent";
  }

  #requireMirrored(seen: SeenTool | "absent"): void {
    const { request, message } = this.#call;
    if (seen === "absent" || message === null) return;
    const isMandatory = message.kind === "request" && this.#isStateless();
    requireMirrored(request.headers, message.params["arguments"], { mirrored: seen.mirrored, isMandatory });
  }

  /** null for one that is not what anybody approved, or of which only the fingerprint is stated. */
  #inputSchemaOf(name: string, seen: SeenTool | "absent"): JsonObject | null {
    if (seen === "absent" || seen.fingerprint === null) return null;
    const schema = this.#approved.get(name)?.get(seen.fingerprint)?.["inputSchema"];
    return isObject(schema) ? schema : null;
  }

  #factsOf(name: string, seen: SeenTool | "absent"): ToolFacts {
    if (seen === "absent") return NOTHING;
    const isApproved = seen.fingerprint !== null && this.#approved.get(name)?.has(seen.fingerprint) === true;
    return { annotations: seen.annotations, isApproved };
  }

  /** Whatever else may come with an approved definition was not in it. */
  #pinned(item: Json): Json {
    return this.#holdsBack && isObject(item) ? knownMembersOf(item) : item;
  }

  #report(seen: ReadonlyMap<string, SeenTool>): void {
    const held = [...seen].filter(([name, tool]) => !this.#factsOf(name, tool).isApproved);
    if (held.length === 0) return;
    const { resource, trace } = this.#call;
    const changed = held.filter(([name]) => this.#approved.has(name));
    this.#uses.reportHeldBack({
      trace,
      resource: resource.resource,
      changed: changed.map(([name, { fingerprint }]) => ({ name, fingerprint })),
      unapproved: held.length - changed.length,
    });
  }

  /** Whoever asks, as whom, where and in which revision of MCP: to each of these a server may show other tools. */
  #view(upstreamSessionId: string | null): string {
    const { resource, resourceRevision, caller } = this.#call;
    return JSON.stringify([
      resource.resource,
      resourceRevision,
      caller?.organization,
      caller?.principal,
      caller?.clientId,
      upstreamSessionId,
      this.#version(),
    ]);
  }

  #isStateless(): boolean {
    const { request, message } = this.#call;
    return message !== null && isStateless(request.headers, message);
  }

  #version(): string {
    const { request, message } = this.#call;
    return request.headers.get("mcp-protocol-version") ?? message?.protocolVersion ?? "";
  }
}

/** Of a tool that is in no list: as if it said nothing of itself. */
const NOTHING: ToolFacts = { annotations: UNANNOTATED, isApproved: false };

/** Whether a call of a tool has to wait until we know how the server defines it now. */
export function asksAboutTools({ resource, policy }: Caller): boolean {
  const isSchemaAsked = resource.guardrails.some(({ type }) => type === "arguments_schema");
  return resource.tool_approval === "hold_back" || isSchemaAsked || compile(policy.document).asksAboutTools;
}
