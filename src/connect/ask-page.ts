import { html, type Markup } from "./html.ts";
import type { JourneyAt } from "./journey.ts";
import { respondPage } from "./page.ts";

/** What a person agrees to, in the words of the documents that an administrator wrote. */
export interface Offer {
  /** The MCP server, by the name of its document, and where it is reached. */
  readonly serverName: string;
  readonly resource: string;
  /** Where the person will be sent to agree. */
  readonly authorizationHost: string;
  /** Empty: whatever that server gives without being asked. */
  readonly scopes: readonly string[];
  readonly agentName: string;
}

export function respondAskPage(
  { serverName, resource, authorizationHost, scopes, agentName }: Offer,
  { person, wanted, csrf }: JourneyAt<"asked">,
): Response {
  const scopeList = scopes.map((scope) => html`<li><code>${scope}</code></li>`);
  const body = html`<p>An agent needs your own account at this server before it can go on with what you asked of it.</p>
    <dl>
      ${row("Server", html`<strong>${serverName}</strong><br /><span class="soft">${resource}</span>`)}
      ${row("Agent", html`<strong>${agentName}</strong><br /><span class="soft">${wanted.client_id}</span>`)}
      ${row("For", html`<strong>${person.name}</strong><br /><span class="soft">${person.sub}, ${person.organization}</span>`)}
      ${row(
        "Access",
        scopes.length === 0
          ? html`What the server grants by default`
          : html`<ul>
              ${scopeList}
            </ul>`,
      )}
      ${row("You agree at", html`<strong>${authorizationHost}</strong>`)}
    </dl>
    <p>
      What you grant is kept encrypted here and serves calls in your name alone, from every agent that your organization
      permits at this server. No agent is ever given it.
    </p>
    <form method="post" action="/connect/review">
      <input type="hidden" name="csrf" value="${csrf}" />
      <button class="first" name="answer" value="connect">Connect</button>
      <button name="answer" value="decline">Not now</button>
    </form>
    <p class="soft">Not ${person.name}? Choose “Not now” and sign out at your identity provider.</p>`;
  return respondPage({ status: 200, title: `Connect ${serverName}?`, body });
}

function row(term: string, description: Markup): Markup {
  return html`<div>
    <dt>${term}</dt>
    <dd>${description}</dd>
  </div>`;
}
