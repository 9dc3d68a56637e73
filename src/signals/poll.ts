import * as z from "zod";
import { traceWithoutRequest } from "../audit/audit-event.ts";
import { Outage } from "../audit/reason.ts";
import { CredentialRefused } from "../credentials/credential-refused.ts";
import { FetchFailed } from "../egress/bounded-fetch.ts";
import { AmbiguousJson, type JsonObject, parseStrictObject } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";
import { fenceName } from "../revocation/fence-names.ts";
import type { TrustedIdp } from "../trust/trusted-idp.ts";
import { act, type SignalEffects } from "./act.ts";
import { describeRejection, SignalRejected } from "./rejection.ts";
import { verifySecurityEvent } from "./security-event.ts";
import type { TransmitterDirectory } from "./transmitter.ts";

export interface PollDependencies extends TransmitterDirectory, SignalEffects {
  /**
   * POSTs JSON with the header that the provider wants. @returns the text of the answer.
   * @throws FetchFailed, CredentialRefused, Outage
   */
  readonly post: (idp: TrustedIdp, poll: PollSettings, body: string) => Promise<string>;
  readonly reportFault: (correlationId: string, cause: unknown) => void;
}

/** RFC 8936 §2.5, §2.6: what became of each event, by its identifier. What is in neither comes again. */
interface Results {
  readonly ack: readonly string[];
  readonly setErrs: Readonly<Record<string, object>>;
}

/** Loose: an event that is no text is refused by its name, or it would keep the others from being heard for ever. */
const answerSchema = z.object({
  sets: z.custom<JsonObject>((sets) => typeof sets === "object" && sets !== null && !Array.isArray(sets)).default({}),
  moreAvailable: z.boolean().catch(false),
});
type Answer = z.output<typeof answerSchema>;
/** However many events somebody sends who was asked for fewer; its size is limited as it is read. */
const BOUNDS = { depth: LIMITS.jsonDepth, members: LIMITS.messageMembers, foldCaseDepth: 0 } as const;

type PollSettings = NonNullable<NonNullable<TrustedIdp["signals"]>["poll"]>;

const NOTHING: Results = { ack: [], setErrs: {} };

/**
 * RFC 8936: fetches a provider's events until there are no more, or enough for now. One is acknowledged with the next
 * question, and so only when its effect and its record are durable; whoever stops in between gets it again.
 */
export async function pollEvents(idp: TrustedIdp, uses: PollDependencies): Promise<void> {
  const poll = idp.signals?.poll;
  if (poll === undefined || !idp.enabled) return;
  // What it says now would not be believed, and be lost.
  if (await uses.isRevoked([fenceName("issuer", idp.issuer)])) return;
  const failure = await drain(idp, poll, uses).then(() => null, failureOf);
  await uses.note({ issuer: idp.issuer, note: { kind: "poll", atMilliseconds: Date.now(), failure } });
}

async function drain(idp: TrustedIdp, poll: PollSettings, uses: PollDependencies): Promise<void> {
  let [results, failures]: [Results, readonly unknown[]] = [NOTHING, []];
  for (let round = 1; round <= LIMITS.pollRounds; round += 1) {
    // oxlint-disable-next-line no-await-in-loop -- each question acknowledges what the answer before brought
    const { sets, moreAvailable } = await ask(idp, { poll, maxEvents: LIMITS.pollEvents, results }, uses);
    // oxlint-disable-next-line no-await-in-loop -- as above
    ({ results, failures } = await takeAll(sets, idp, uses));
    // What has failed would be sent again at once.
    if (!moreAvailable || failures.length > 0) break;
  }
  const isAnything = results.ack.length > 0 || Object.keys(results.setErrs).length > 0;
  if (isAnything) await ask(idp, { poll, maxEvents: 0, results }, uses);
  if (failures.length > 0) throw failures[0];
}

interface Asked {
  readonly poll: PollSettings;
  readonly maxEvents: number;
  readonly results: Results;
}

async function ask(idp: TrustedIdp, { poll, maxEvents, results }: Asked, uses: PollDependencies): Promise<Answer> {
  const { ack, setErrs } = results;
  const told = { ...(ack.length === 0 ? {} : { ack }), ...(Object.keys(setErrs).length === 0 ? {} : { setErrs }) };
  const text = await uses.post(idp, poll, JSON.stringify({ maxEvents, returnImmediately: true, ...told }));
  // An answer to what only acknowledges may be empty.
  if (maxEvents === 0) return { sets: {}, moreAvailable: false };
  return answerSchema.parse(parseStrictObject(text, BOUNDS));
}

/**
 * No more than were asked for: the others come again, and so does whatever failed by no fault of its own. That alone:
 * one that fails each time must not keep the others waiting, nor take back what has been done.
 */
async function takeAll(sets: Answer["sets"], idp: TrustedIdp, uses: PollDependencies): Promise<Taken> {
  const [ack, setErrs, failures]: [string[], [string, object][], unknown[]] = [[], [], []];
  for (const [jti, token] of Object.entries(sets).slice(0, LIMITS.pollEvents)) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, so that a provider's flood is no flood of ours
      const rejection = await take(jti, token, { idp, uses });
      if (rejection === null) ack.push(jti);
      else setErrs.push([jti, rejection]);
    } catch (error) {
      failures.push(error);
      // Each takes its time, and more of the same is to be expected.
      if (failures.filter((failure) => failure instanceof Outage).length >= LIMITS.pollOutages) break;
    }
  }
  return { results: { ack, setErrs: Object.fromEntries(setErrs) }, failures };
}

interface Taken {
  readonly results: Results;
  readonly failures: readonly unknown[];
}

interface Polled {
  readonly idp: TrustedIdp;
  readonly uses: PollDependencies;
}

/** Of this provider alone, whoever else's the endpoint may deliver. @throws whatever is no fault of the event's */
async function take(jti: string, token: unknown, { idp, uses }: Polled): Promise<object | null> {
  const trace = traceWithoutRequest(Date.now());
  try {
    if (typeof token !== "string") throw new SignalRejected("invalid_request");
    const event = await verifySecurityEvent(token, trace.receivedAtMilliseconds, uses);
    if (event.idp.issuer !== idp.issuer) throw new SignalRejected("invalid_issuer");
    if (event.id !== jti) throw new SignalRejected("invalid_request");
    await act(event, trace, uses);
    return null;
  } catch (error) {
    if (error instanceof SignalRejected) return describeRejection(error);
    uses.reportFault(trace.correlationId, error);
    throw error;
  }
}

/** For the status: a name out of a closed set, and nothing of what the other side said. */
function failureOf(error: unknown): string {
  if (error instanceof FetchFailed) return error.status === null ? error.flaw : `status ${error.status}`;
  if (error instanceof Outage || error instanceof CredentialRefused) return error.reason;
  return error instanceof AmbiguousJson || error instanceof z.ZodError ? "answer_malformed" : "fault";
}
