import { Outage } from "../audit/reason.ts";
import { CORRELATION_HEADER, readClockSeconds, type ReceivedTrace, traceRequest } from "../http/trace.ts";
import { Rejected } from "../redemption/rejection.ts";
import { readForm } from "../token-endpoint/form.ts";
import { respondAskPage } from "./ask-page.ts";
import { departToAuthorize, receiveAuthorization } from "./authorization.ts";
import type { ConnectDependencies, KeptConnection } from "./dependencies.ts";
import { html } from "./html.ts";
import { type Journey, type JourneyAt, randomText } from "./journey.ts";
import { type Ending, respondMessage } from "./messages.ts";
import { describeOffer, findNeed } from "./offer.ts";
import { goTo, respondPage } from "./page.ts";
import { recordConnection } from "./record.ts";
import { CALLBACK_PATH, SIGNED_IN_PATH } from "./redirect-uri.ts";
import { ConnectRefused } from "./refusal.ts";
import { requireNotRevoked } from "./revoked.ts";
import { type Departure, departToLend, departToSignIn, receiveSignIn } from "./sign-in.ts";
import { respondStyle } from "./style.ts";

/** One request of a journey, with what is known of it. */
export interface Visit {
  readonly request: Request;
  readonly url: URL;
  readonly trace: ReceivedTrace;
  readonly uses: ConnectDependencies & { readonly nowSeconds: number };
  /** For the record: whom and what this is about, once a sealed text of ours has said so. */
  about: (Pick<JourneyAt<"connected">, "wanted"> & Partial<Pick<JourneyAt<"connected">, "person">>) | null;
}

/** Where people connect accounts of theirs to servers that ask for one: pages, and nothing that an agent could use. */
export async function handleConnectRequest(request: Request, uses: ConnectDependencies): Promise<Response> {
  const trace = traceRequest(request);
  const visit = {
    request,
    url: new URL(request.url),
    trace,
    uses: { ...uses, nowSeconds: readClockSeconds() },
    about: null,
  };
  const response = await route(visit).catch((error: unknown) => end(visit, error));
  response.headers.set(CORRELATION_HEADER, trace.correlationId);
  return response;
}

async function route(visit: Visit): Promise<Response> {
  const { request, url, uses } = visit;
  if (url.pathname === "/connect/style.css") return respondStyle();
  if (!(await uses.isNetworkWithinRate(request))) throw new ConnectRefused("connect_rate_limited");
  const step = `${request.method} ${url.pathname}`;
  if (step === "GET /connect") return begin(visit);
  if (step === "GET /connect/review") return review(visit);
  if (step === "POST /connect/review") return decide(visit);
  if (step === "GET /connect/done") return conclude(visit);
  const isWithin = (path: string): boolean => url.pathname === path || url.pathname.startsWith(`${path}/`);
  if (request.method === "GET" && isWithin(SIGNED_IN_PATH)) return comeFromProvider(visit);
  if (request.method === "GET" && isWithin(CALLBACK_PATH)) return comeFromServer(visit);
  throw new ConnectRefused("connect_link_invalid");
}

/** Opens a link: to the identity provider, since nobody is shown anything before we know who it is. */
async function begin(visit: Visit): Promise<Response> {
  const { url, uses } = visit;
  const wanted = await uses.links.read(url.searchParams.get("link") ?? "", uses.nowSeconds);
  if (wanted === "unreadable") throw new ConnectRefused("connect_link_invalid");
  if (wanted === "expired") throw new ConnectRefused("connect_link_expired");
  visit.about = { wanted };
  await findNeed(wanted, uses);
  const { location, journey } = await departToSignIn(wanted, uses);
  return goTo(location, await remember(visit, journey));
}

async function comeFromProvider(visit: Visit): Promise<Response> {
  const { url, uses } = visit;
  const journey = await requireJourney(visit);
  if (journey.step !== "signing_in" && journey.step !== "lending") throw new ConnectRefused("connect_browser_unknown");
  const { wanted } = journey;
  const need = await findNeed(wanted, uses);
  const { person, identity } = await receiveSignIn(url, journey, uses);
  visit.about = { wanted, person };
  if (journey.step === "signing_in") {
    return goTo("/connect/review", await remember(visit, { step: "asked", wanted, person, csrf: randomText() }));
  }
  if (need.kind !== "identity") throw new ConnectRefused("connect_nothing_to_connect");
  const kept = { kind: "identity", id: identity.authorization_server } as const;
  const keep = (): Promise<void> => uses.keepIdentity(person, identity);
  return connected(visit, { step: "connected", wanted, person }, { ...kept, keep });
}

async function review(visit: Visit): Promise<Response> {
  const journey = await requireAsked(visit);
  const { wanted } = journey;
  return respondAskPage(await describeOffer(await findNeed(wanted, visit.uses), wanted, visit.uses), journey);
}

/**
 * The answer to the page, by this browser and from our own page alone. It goes on by a page and not by a redirect: a
 * redirect would have to be within `form-action`, and the other side may redirect to wherever it signs people in.
 */
async function decide(visit: Visit): Promise<Response> {
  const { request, uses } = visit;
  requireOwnPage(request, uses.issuer);
  const journey = await requireAsked(visit);
  const form = await readForm(request).catch((error: unknown) => {
    throw error instanceof Rejected ? new ConnectRefused("connect_form_foreign", { cause: error }) : error;
  });
  if (form.get("csrf") !== journey.csrf) throw new ConnectRefused("connect_form_foreign");
  if (form.get("answer") !== "connect") throw new ConnectRefused("connect_declined");
  const need = await findNeed(journey.wanted, uses);
  await requireNotRevoked(journey, uses);
  const isLent = need.kind === "identity";
  return sendOn(visit, isLent ? await departToLend(journey, need, uses) : await departToAuthorize(journey, need, uses));
}

async function comeFromServer(visit: Visit): Promise<Response> {
  const { url, uses } = visit;
  const journey = await requireJourney(visit);
  if (journey.step !== "authorizing") throw new ConnectRefused("connect_browser_unknown");
  const { wanted, person } = journey;
  visit.about = { wanted, person };
  const need = await findNeed(wanted, uses);
  if (need.kind !== "grant") throw new ConnectRefused("connect_nothing_to_connect");
  const grant = await receiveAuthorization(url, { journey, granting: need }, uses);
  const kept = { kind: "grant", id: wanted.resource } as const;
  const keep = (): Promise<void> => uses.keepGrant(person, wanted.resource, grant);
  return connected(visit, { step: "connected", wanted, person }, { ...kept, keep });
}

/** No connection without a record, which is made first. Nothing of the answer stays in the address. */
async function connected(visit: Visit, journey: JourneyAt<"connected">, toKeep: ToBeKept): Promise<Response> {
  await requireNotRevoked(journey, visit.uses);
  await recordConnection(visit, null);
  await keepUnlessRevoked(visit, journey, toKeep);
  return goTo("/connect/done", await remember(visit, journey));
}

interface ToBeKept extends KeptConnection {
  readonly keep: () => Promise<void>;
}

/** Whoever was stopped between the look and the keeping keeps nothing; nor does anybody while that cannot be known. */
async function keepUnlessRevoked({ uses }: Visit, journey: JourneyAt<"connected">, toKeep: ToBeKept): Promise<void> {
  const { kind, id, keep } = toKeep;
  await keep();
  try {
    await requireNotRevoked(journey, { isRevoked: uses.isRevokedByNow });
  } catch (error) {
    await uses.disconnect(journey.person, { kind, id });
    throw error;
  }
}

async function conclude(visit: Visit): Promise<Response> {
  const journey = await requireJourney(visit);
  if (journey.step !== "connected") throw new ConnectRefused("connect_browser_unknown");
  const resource = (await visit.uses.findResource(journey.wanted.resource))?.document;
  const name = resource?.name ?? journey.wanted.resource;
  const body = html`<p>
    <strong>${name}</strong> is connected for <strong>${journey.person.name}</strong>. You can close this page: your
    agent goes on when you tell it to, or by itself.
  </p>`;
  return respondPage({ status: 200, title: "Connected", body });
}

async function sendOn(visit: Visit, { location, journey }: Departure): Promise<Response> {
  const { host } = new URL(location);
  const body = html`<p>You are on your way to <strong>${host}</strong>, where you agree.</p>
    <p><a class="button" href="${location}">Go on</a></p>`;
  const cookie = await remember(visit, journey);
  return respondPage({ status: 200, title: "One moment", body, goesOnTo: location, cookie });
}

function remember({ uses }: Visit, journey: Journey): Promise<string> {
  return uses.journeys.write(journey, uses.nowSeconds);
}

async function requireJourney(visit: Visit): Promise<Journey> {
  const journey = await visit.uses.journeys.read(visit.request, visit.uses.nowSeconds);
  if (journey === "unreadable") throw new ConnectRefused("connect_browser_unknown");
  if (journey === "expired") throw new ConnectRefused("connect_too_late");
  visit.about = journey;
  return journey;
}

async function requireAsked(visit: Visit): Promise<JourneyAt<"asked">> {
  const journey = await requireJourney(visit);
  if (journey.step !== "asked") throw new ConnectRefused("connect_browser_unknown");
  return journey;
}

/** Beside the token: a browser that says where a form is from must say that it is from us. */
function requireOwnPage({ headers }: Request, issuer: string): void {
  const site = headers.get("sec-fetch-site");
  const isOurs = headers.get("origin") === issuer && (site === null || site === "same-origin");
  if (!isOurs) throw new ConnectRefused("connect_form_foreign");
}

async function end(visit: Visit, error: unknown): Promise<Response> {
  const { trace, uses } = visit;
  const isKnown = error instanceof ConnectRefused || error instanceof Outage;
  const ending: Ending = isKnown ? error.reason : "fault";
  if (!(error instanceof ConnectRefused)) uses.reportFault(trace.correlationId, error);
  if (error instanceof ConnectRefused && error.person !== null && visit.about !== null) {
    visit.about = { wanted: visit.about.wanted, person: error.person };
  }
  await recordConnection(visit, ending).catch(() => undefined);
  return respondMessage(ending, trace.correlationId);
}
