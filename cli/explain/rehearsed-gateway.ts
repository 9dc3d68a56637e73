import type { HeldCall } from "../../src/approval/approval.ts";
import type { AuditEvent } from "../../src/audit/audit-event.ts";
import { Recorder } from "../../src/audit/recorder.ts";
import { SubjectNames } from "../../src/audit/subject-names.ts";
import { type GatewayDependencies, handleGatewayRequest } from "../../src/gateway/gateway.ts";
import { KnownTools, type SeenTool, seenToolsOf } from "../../src/gateway/known-tools.ts";
import { MemberEras } from "../../src/gateway/virtual/member-eras.ts";
import { Sessions } from "../../src/gateway/session.ts";
import type { DocumentStore } from "../../src/explain/rehearsal.ts";
import { SealedTexts } from "../../src/jwt/sealed-text.ts";
import type { KeySet } from "../../src/jwt/verify.ts";
import { UNANNOTATED } from "../../src/policy/tool-annotations.ts";
import { readApproved } from "../../src/trust/approved-tools.ts";
import type { ForwardedServer } from "../../src/trust/protected-resource.ts";

/** Thrown where a call would go to its server. Nothing goes anywhere. */
class WouldBeSent extends Error {
  override readonly name = "WouldBeSent";
}

export interface GatewayOutcome {
  /** As it would be on record; null where nothing would be. */
  readonly event: AuditEvent | null;
  readonly status: number;
  readonly isSent: boolean;
  readonly held: HeldCall | null;
  /** What the client is told to come back with. */
  readonly challenge: string | null;
  /** By name: processors elsewhere, which nobody has asked. */
  readonly notAsked: readonly string[];
}

interface World {
  readonly issuer: string;
  readonly store: DocumentStore;
  readonly keys: KeySet;
  /** Where a call would go; null where that is no one server. */
  readonly reached: ForwardedServer | null;
  readonly isHeld: boolean;
}

/**
 * One request through the gateway itself. Stood in for is what stands around it: no server is called, no desk, counter or
 * processor elsewhere asked, nothing recorded. A call that waits is never approved here, so that it is never made either.
 */
export async function rehearseCall(request: Request, world: World): Promise<GatewayOutcome> {
  const events: AuditEvent[] = [];
  const seen = { isSent: false, held: null as HeldCall | null, notAsked: new Set<string>() };
  const response = await handleGatewayRequest(request, {
    ...surroundingsOf(world, events),
    knownTools: new ToolsAsApproved(await toolsAsApproved(world)),
    supplyCredential: async () => {
      if (!world.isHeld) throw new WouldBeSent();
      return { headers: new Map(), facts: { type: "none", upstreamHost: "", kid: null } };
    },
    present: async ({ call }) => {
      seen.held = call;
      return { outcome: "pending", id: "rehearsal", expiresAtMilliseconds: 0 };
    },
    guardPorts: {
      findSecret: async () => "rehearsal",
      egress: {
        rules: NOWHERE,
        exchange: async ({ url }) => {
          const guardrails = world.reached?.guardrails ?? [];
          const names = guardrails.filter((one) => one.type === "external" && one.url === url);
          for (const { name } of names) seen.notAsked.add(name);
          return { status: 200, headers: new Headers(), text: '{"decision":"allow"}' };
        },
      },
    },
    reportFault: (_correlationId, cause) => {
      if (!(cause instanceof WouldBeSent)) throw cause;
      seen.isSent = true;
    },
  });
  const challenge = response?.headers.get("www-authenticate") ?? null;
  const event = events[0] ?? null;
  return { ...seen, notAsked: [...seen.notAsked], event, status: response?.status ?? 404, challenge };
}

/** No host is this one, and none is reached by it: a second bolt, should a call ever come so far. */
const NOWHERE = { ownHost: "", allowsLoopback: false };

function surroundingsOf({ issuer, store, keys, reached }: World, events: AuditEvent[]) {
  const secret = crypto.randomUUID();
  return {
    issuer,
    keys,
    connectUrl: async () => issuer,
    isRevoked: async () => false,
    consumeProof: async () => "consumed",
    findResource: (name) => store.find("resource", name),
    findPolicy: (name) => store.find("policy", name),
    isClientWithinRate: async () => true,
    isNetworkWithinRate: async () => true,
    // Who rehearses brings a token of ours.
    acceptProviderToken: async () => ({ token: null, refusal: "token_issuer" }),
    findApprovedTools: (name) => store.find("tools", name),
    reportHeldBack: () => undefined,
    memberEras: new OneEra(),
    reportMissing: () => undefined,
    sessions: new Sessions(secret),
    limits: {
      count: async () => ({ isAdmitted: true }),
      enter: async () => true,
      renew: async () => undefined,
      leave: async () => undefined,
    },
    outlast: () => undefined,
    heldStates: new SealedTexts(secret, "rehearsal"),
    shownArguments: new SealedTexts(secret, "rehearsal"),
    egress: reached === null ? NOWHERE : { ownHost: new URL(reached.upstream).hostname, allowsLoopback: false },
    recorder: new Recorder({
      names: new SubjectNames("plain", ""),
      write: async (_id, serialized) => void events.push(JSON.parse(serialized) as AuditEvent),
      waitUntil: () => undefined,
      counters: { writeDataPoint: () => undefined },
    }),
    reportRefusedRequest: () => undefined,
  } satisfies Partial<GatewayDependencies>;
}

/** No member is asked in which one it speaks. */
class OneEra extends MemberEras {
  override find(): "stateless" {
    return "stateless";
  }
}

/** As if the server showed each tool as it was approved last, and any other without a word about itself. */
class ToolsAsApproved extends KnownTools {
  readonly #tools: ReadonlyMap<string, SeenTool>;

  constructor(tools: ReadonlyMap<string, SeenTool>) {
    super();
    this.#tools = tools;
  }

  override find(_view: string, toolName: string): SeenTool {
    return this.#tools.get(toolName) ?? { fingerprint: null, annotations: UNANNOTATED, mirrored: [] };
  }
}

/** Of a tool of which only the fingerprint is stated, that it is the approved one is all that is known. */
async function toolsAsApproved({ store, reached }: Pick<World, "store" | "reached">): Promise<Map<string, SeenTool>> {
  const found = reached === null ? null : await store.find("tools", reached.resource);
  const approved = found === null ? [] : [...(await readApproved(found.document))];
  const tools = approved.map(async ([name, definitions]): Promise<[string, SeenTool]> => {
    const [fingerprint = null, definition = null] = [...definitions].at(-1) ?? [];
    const seen = definition === null ? undefined : (await seenToolsOf([definition])).get(name);
    return [name, seen ?? { fingerprint, annotations: UNANNOTATED, mirrored: [] }];
  });
  return new Map(await Promise.all(tools));
}
