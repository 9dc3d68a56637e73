import * as z from "zod";
import { traceWithoutRequest } from "../audit/audit-event.ts";
import { Outage } from "../audit/reason.ts";
import { FetchFailed } from "../egress/bounded-fetch.ts";
import { parseStrictObject } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";
import { fenceName } from "../revocation/fence-names.ts";
import type { TrustedIdp } from "../trust/trusted-idp.ts";
import { act, type SignalEffects } from "./act.ts";
import { describeRejection, SignalRejected } from "./rejection.ts";
import { verifySecurityEvent } from "./security-event.ts";
import type { TransmitterDirectory } from "./transmitter.ts";

export interface PollDependencies extends TransmitterDirectory, SignalEffects {
  /** POSTs JSON with the header that the provider wants. @returns the text of the answer. @throws FetchFailed */
  readonly post: (idp: TrustedIdp, endpoint: string, body: string) => Promise<string>;
  readonly reportFault: (correlationId: string, cause: unknown) => void;
}

/** RFC 8936 §2.5, §2.6: what became of each event, by its identifier. What is in neither comes again. */
interface Results {
  readonly ack: readonly string[];
  readonly setErrs: Readonly<Record<string, object>>;
}

const answerSchema = z.object({
  sets: z.record(z.string().max(LIMITS.jtiBytes), z.string().max(LIMITS.jwtBytes)).default({}),
  moreAvailable: z.boolean().default(false),
});
type Answer = z.output<typeof answerSchema>;

const NOTHING: Results = { ack: [], setErrs: {} };

/**
 * RFC 8936: fetches a provider's events until there are no more, or enough for now. One is acknowledged with the next
 * question, and so only when its effect and its record are durable; whoever stops in between gets it again.
 */
export async function pollEvents(idp: TrustedIdp, uses: PollDependencies): Promise<void> {
  const endpoint = idp.signals?.poll?.endpoint;
  if (endpoint === undefined || !idp.enabled) return;
  // What it says now would not be believed, and be lost.
  if (await uses.isRevoked([fenceName("issuer", idp.issuer)])) return;
  const failure = await drain(idp, endpoint, uses).then(() => null, failureOf);
  await uses.note({ issuer: idp.issuer, note: { kind: "poll", atMilliseconds: Date.now(), failure } });
}

async function drain(idp: TrustedIdp, endpoint: string, uses: PollDependencies): Promise<void> {
  let results = NOTHING;
  for (let round = 1; round <= LIMITS.pollRounds; round += 1) {
    // oxlint-disable-next-line no-await-in-loop -- each question acknowledges what the answer before brought
    const { sets, moreAvailable } = await ask(idp, { endpoint, maxEvents: LIMITS.pollEvents, results }, uses);
    // oxlint-disable-next-line no-await-in-loop -- as above
    results = await takeAll(sets, idp, uses);
    if (!moreAvailable) break;
  }
  const isAnything = results.ack.length > 0 || Object.keys(results.setErrs).length > 0;
  if (isAnything) await ask(idp, { endpoint, maxEvents: 0, results }, uses);
}

interface Asked {
  readonly endpoint: string;
  readonly maxEvents: number;
  readonly results: Results;
}

async function ask(idp: TrustedIdp, { endpoint, maxEvents, results }: Asked, uses: PollDependencies): Promise<Answer> {
  const { ack, setErrs } = results;
  const told = { ...(ack.length === 0 ? {} : { ack }), ...(Object.keys(setErrs).length === 0 ? {} : { setErrs }) };
  const text = await uses.post(idp, endpoint, JSON.stringify({ maxEvents, returnImmediately: true, ...told }));
  // An answer to what only acknowledges may be empty.
  if (maxEvents === 0) return { sets: {}, moreAvailable: false };
  return answerSchema.parse(parseStrictObject(text));
}

/** No more than were asked for: the others come again. */
async function takeAll(sets: Answer["sets"], idp: TrustedIdp, uses: PollDependencies): Promise<Results> {
  const ack: string[] = [];
  const setErrs: [string, object][] = [];
  for (const [jti, token] of Object.entries(sets).slice(0, LIMITS.pollEvents)) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other, so that a provider's flood is no flood of ours
    const rejection = await take(jti, token, { idp, uses });
    if (rejection === null) ack.push(jti);
    else setErrs.push([jti, rejection]);
  }
  return { ack, setErrs: Object.fromEntries(setErrs) };
}

interface Polled {
  readonly idp: TrustedIdp;
  readonly uses: PollDependencies;
}

/** Of this provider alone, whoever else's the endpoint may deliver. @throws Outage, which leaves the rest for later */
async function take(jti: string, token: string, { idp, uses }: Polled): Promise<object | null> {
  const trace = traceWithoutRequest(Date.now());
  try {
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
  return error instanceof Outage ? error.reason : "answer_malformed";
}
