import type { AccessToken } from "../access-token/verify.ts";
import type { GuardRefused } from "../guardrails/guarded-call.ts";
import type { ExternalPorts } from "../guardrails/external.ts";
import { Guardrails, guardsAnswers } from "../guardrails/guardrails.ts";
import type { JsonObject } from "../jwt/strict-json.ts";
import { listedBy } from "../policy/operation.ts";
import { account, accountAtEnd, type Call, type CallOutcome } from "./call-record.ts";
import { guardMessage } from "./guarded-message.ts";
import { guardResponse } from "./guarded-response.ts";
import { isEventStream } from "./message-stream.ts";
import type { Recorder } from "../audit/recorder.ts";

export interface GuardDependencies {
  readonly guardPorts: ExternalPorts;
  readonly recorder: Recorder;
}

/** What a server says about itself and its tools: for policy and approval, and left alone by what looks at content. All else that comes with it is not. */
const DESCRIBING: ReadonlySet<string> = new Set(["initialize", "server/discover"]);

/** The processors of a server in the place of one call, and what they came to in its record. */
export class CallGuards {
  readonly #call: Call;
  readonly #recorded: Call;
  readonly #guards: Guardrails;
  readonly #uses: GuardDependencies;
  readonly #isDescribing: boolean;

  private constructor(calls: { call: Call; recorded: Call }, guards: Guardrails, uses: GuardDependencies) {
    const { message } = calls.call;
    this.#call = calls.call;
    this.#recorded = calls.recorded;
    this.#guards = guards;
    this.#uses = uses;
    this.#isDescribing = message !== null && (DESCRIBING.has(message.method) || listedBy(message.method) !== null);
  }

  /**
   * @param recorded where the call that is looked at was made as another one, by a name that stands for it.
   * @returns null for a server without any.
   */
  static open(call: Call, token: AccessToken, uses: GuardDependencies, recorded: Call = call): CallGuards | null {
    const { resource, message, trace, request } = call;
    if (resource.guardrails.length === 0) return null;
    const guarded = {
      correlation_id: trace.correlationId,
      resource: resource.resource,
      method: message === null ? request.method : message.method,
      target: message?.target ?? null,
      organization: token.organization,
      principal: token.principal,
      client_id: token.clientId,
    };
    return new CallGuards({ call, recorded }, new Guardrails(resource.guardrails, guarded, uses.guardPorts), uses);
  }

  /** @returns whether the message is another one now, and has to be authorized again. @throws CallRefused */
  async guardSent(inputSchema: JsonObject | null | undefined): Promise<boolean> {
    const { message, request } = this.#call;
    // What asks for a description is looked at as any other: its parameters and headers may say anything.
    if (message === null) return false;
    const guarding = { headers: request.headers, guards: this.#guards, inputSchema };
    this.#call.message = await guardMessage(message, guarding).finally(() => this.#note());
    return this.#call.message !== message;
  }

  /** Also sees to the call's record: that of a stream is written when it has ended. @throws CallRefused */
  async guardAnswered(response: Response, isSubscription: boolean): Promise<Response> {
    const { recorder } = this.#uses;
    if (!guardsAnswers(this.#call.resource.guardrails)) {
      account(this.#recorded, null, recorder);
      return response;
    }
    let refused: GuardRefused["reason"] | null = null;
    const guarding = {
      guards: this.#guards,
      id: this.#call.message?.id ?? null,
      isDescribing: this.#isDescribing,
      onRefused: (reason: GuardRefused["reason"]) => void (refused = reason),
    };
    const passed = await guardResponse(response, guarding).finally(() => this.#note());
    const end = (): CallOutcome => {
      this.#note();
      return refused;
    };
    if (isSubscription || !isEventStream(response)) account(this.#recorded, null, recorder);
    else return recordAtEnd(passed, (ended) => accountAtEnd(this.#recorded, ended.then(end), recorder));
    return passed;
  }

  #note(): void {
    this.#recorded.guardrails = this.#guards.outcomes;
  }
}

/** However it ends: by itself, by us, or because nobody listens any more. */
function recordAtEnd({ body, status, headers }: Response, record: (ended: Promise<void>) => void): Response {
  const { promise, resolve } = Promise.withResolvers<void>();
  record(promise);
  const watched = new TransformStream<Uint8Array, Uint8Array>({ flush: () => resolve(), cancel: () => resolve() });
  return new Response(body?.pipeThrough(watched) ?? null, { status, headers });
}
