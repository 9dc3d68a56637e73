import type { ConnectRefusal, OutageReason } from "../audit/reason.ts";
import { html } from "./html.ts";
import { FORGET_JOURNEY } from "./journey.ts";
import { respondPage } from "./page.ts";

interface Message {
  readonly status: number;
  readonly title: string;
  readonly text: string;
}

const startOver = "Ask your agent again, and open the address that it then gives you.";
const tellAdministrator = "Tell whoever runs Crossgate for you; the reference below leads them to the cause.";
const notYours = (title: string): Message => ({
  status: 400,
  title,
  text: `The answer did not belong to a request of this browser, so nothing was connected. ${startOver}`,
});

/** One page a reason, and in none of them a word of what was sent to us. */
const MESSAGES: Record<ConnectRefusal, Message> = {
  connect_rate_limited: { status: 429, title: "Too many requests", text: "Wait a few seconds, and try again." },
  connect_link_invalid: { status: 400, title: "This address is incomplete", text: startOver },
  connect_link_expired: { status: 410, title: "This address has expired", text: startOver },
  connect_nothing_to_connect: {
    status: 404,
    title: "There is nothing to connect",
    text: "The server no longer asks for an account of yours.",
  },
  connect_sign_in_not_configured: {
    status: 503,
    title: "Sign-in is not set up",
    text: `Your identity provider is not set up for signing in here. ${tellAdministrator}`,
  },
  connect_browser_unknown: {
    status: 400,
    title: "This browser did not begin here",
    text: `Open the address and go on in one and the same browser, with cookies allowed. ${startOver}`,
  },
  connect_document_changed: {
    status: 409,
    title: "This has changed meanwhile",
    text: `What the server asks for is no longer what you agreed to, so nothing was connected. ${startOver}`,
  },
  connect_too_late: { status: 410, title: "That took too long", text: startOver },
  connect_state_mismatch: notYours("That was another request's answer"),
  connect_state_replayed: notYours("That answer was used before"),
  connect_issuer_mismatch: notYours("The answer came from somebody else"),
  connect_sign_in_refused: {
    status: 403,
    title: "You were not signed in",
    text: `Your identity provider did not sign you in. ${startOver}`,
  },
  connect_id_token_invalid: {
    status: 502,
    title: "Your sign-in could not be verified",
    text: `What your identity provider says of you does not hold. ${tellAdministrator}`,
  },
  connect_person_unknown: {
    status: 403,
    title: "You have no account here",
    text: `Your identity provider knows you, and your organization has no account for you here. ${tellAdministrator}`,
  },
  connect_person_mismatch: {
    status: 403,
    title: "This address is for somebody else",
    text: "You are signed in as another person than the one it was made for. Nothing was connected. If you have several accounts, sign out at your identity provider and open the address again.",
  },
  connect_revoked: {
    status: 403,
    title: "Access has been stopped",
    text: "An administrator has stopped this access.",
  },
  connect_form_foreign: {
    status: 403,
    title: "That did not come from our page",
    text: `Nothing was connected. ${startOver}`,
  },
  connect_declined: {
    status: 200,
    title: "Not connected",
    text: "You chose not to connect. Your agent goes on without it.",
  },
  connect_authorization_refused: {
    status: 403,
    title: "Not connected",
    text: "You, or the server, did not agree to the access. Nothing was connected.",
  },
  connect_grant_refused: {
    status: 502,
    title: "Not connected",
    text: `The server did not honour its own answer. ${startOver}`,
  },
  connect_authorization_server_unfit: {
    status: 502,
    title: "This server cannot be connected",
    text: `Its authorization server does not do what it must for a safe connection. ${tellAdministrator}`,
  },
  connect_client_unproved: {
    status: 503,
    title: "This is not set up",
    text: `We have nothing to prove who we are with. ${tellAdministrator}`,
  },
  connect_full: {
    status: 409,
    title: "You have connected too much",
    text: "No more accounts can be connected for you. Have one disconnected that you no longer need.",
  },
};

const FAULT: Message = { status: 500, title: "Something went wrong", text: tellAdministrator };
const OUTAGE: Message = {
  status: 503,
  title: "Try again shortly",
  text: "Something that is needed for this does not answer. Nothing was connected.",
};

export type Ending = ConnectRefusal | OutageReason | "fault";

export function statusOf(ending: Ending): number {
  return messageOf(ending).status;
}

function messageOf(ending: Ending): Message {
  if (ending === "fault") return FAULT;
  return isRefusal(ending) ? MESSAGES[ending] : OUTAGE;
}

function isRefusal(ending: Ending): ending is ConnectRefusal {
  return Object.hasOwn(MESSAGES, ending);
}

/**
 * What the browser keeps of its way is left alone, or a forged answer could end somebody's; all of it is good for one use
 * and a few minutes anyhow.
 */
export function respondMessage(ending: Ending, correlationId: string): Response {
  const { status, title, text } = messageOf(ending);
  const body = html`<p>${text}</p>
    <p class="soft">Reference: <code>${correlationId}</code></p>`;
  const forgets = ending === "connect_declined" ? { cookie: FORGET_JOURNEY } : {};
  const response = respondPage({ status, title, body, ...forgets });
  if (status === 503 || status === 429) response.headers.set("retry-after", "10");
  return response;
}
