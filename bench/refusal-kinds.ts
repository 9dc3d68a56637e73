import { createRandomSecret } from "../cli/client-secret.ts";
import { type Claims, IdentityProvider } from "./assertions.ts";
import { CLIENT_ID } from "./deployment.ts";
import { inOrder } from "./in-order.ts";
import { postOnce } from "./load/connection.ts";
import type { Workerd } from "./runtime/workerd.ts";
import { type RequestTemplate, tokenBody, tokenTemplate } from "./token-requests.ts";
import type { World } from "./world.ts";

export interface RefusalKind {
  readonly name: string;
  readonly template: RequestTemplate;
  /** Sent again and again: what is refused is not spent. */
  readonly assertions: readonly string[];
  readonly expected: Expected;
  /** Who authenticates nobody is counted, and leaves no record. */
  readonly isRecorded: boolean;
}

interface Expected {
  readonly status: number;
  readonly error: string;
}

/** Who reads these may redeem at the same server: nobody else is given what has been spent there. */
export const REPLAYS = "replays";
const DISTINCT = 200;
const INVALID_GRANT: Expected = { status: 400, error: "invalid_grant" };
const INVALID_CLIENT: Expected = { status: 401, error: "invalid_client" };

/** @throws when one of them is not refused as it should be: the bench would measure something else */
export async function prepareRefusals(world: World, workerd: Workerd): Promise<RefusalKind[]> {
  const kinds = [...unauthenticated(world), ...authenticated(world)];
  const good = tokenTemplate(world.deployment, world.deployment.clientSecret);
  const replayed = world.stock.take(REPLAYS, DISTINCT);
  await inOrder(replayed, (assertion) => postOnce(workerd.port("http"), good, tokenBody(assertion)));
  const replay = { name: "replay", template: good, assertions: replayed, expected: INVALID_GRANT, isRecorded: true };
  const all = [...kinds, replay];
  await inOrder(all, (kind) => requireRefused(workerd, kind));
  return all;
}

function unauthenticated({ deployment }: World): RefusalKind[] {
  const { idp, clientSecret } = deployment;
  const assertions = several(() => idp.issue());
  const good = tokenTemplate(deployment, clientSecret);
  const plain = { ...good, headers: { ...good.headers, "content-type": "text/plain" } };
  const common = { assertions, isRecorded: false };
  return [
    { ...common, name: "not a form", template: plain, expected: { status: 400, error: "invalid_request" } },
    {
      ...common,
      name: "wrong client secret",
      template: tokenTemplate(deployment, createRandomSecret()),
      expected: INVALID_CLIENT,
    },
    {
      ...common,
      name: "unknown client",
      template: tokenTemplate(deployment, clientSecret, "nobody"),
      expected: INVALID_CLIENT,
    },
  ];
}

/** In the order of the checks that find them. */
function authenticated({ deployment }: World): RefusalKind[] {
  const { idp, issuer, resource, clientSecret } = deployment;
  const template = tokenTemplate(deployment, clientSecret);
  const stranger = new IdentityProvider({ audience: issuer, clientId: CLIENT_ID, resource });
  const longAgoSeconds = Math.floor(Date.now() / 1000) - 3600;
  const grant = (name: string, issue: () => string, expected = INVALID_GRANT): RefusalKind => {
    return { name, assertions: several(issue), template, expected, isRecorded: true };
  };
  const withClaims = (changes: Claims) => () => idp.issue(changes);
  return [
    grant("no JWT", () => "not-a-token"),
    grant("another type of JWT", () => idp.issue({}, { typ: "at+jwt" })),
    grant("unknown provider", withClaims({ iss: "https://idp.unknown.example" })),
    grant("unknown key", () => idp.issue({}, { kid: "no-such-key" })),
    grant("bad signature", () => stranger.issue()),
    grant("wrong audience", withClaims({ aud: "https://somebody-else.example" })),
    grant("expired", withClaims({ iat: longAgoSeconds, exp: longAgoSeconds + 300 })),
    grant("another client's", withClaims({ client_id: "another-agent" })),
    grant("foreign server", withClaims({ resource: "https://mcp.example.com/elsewhere" })),
    grant("no scope left", withClaims({ scope: "files:erase" }), { status: 400, error: "invalid_scope" }),
    grant("denied by policy", withClaims({ sub: "00u-0" })),
  ];
}

function several(issue: () => string): string[] {
  return Array.from({ length: DISTINCT }, issue);
}

async function requireRefused(workerd: Workerd, { name, template, assertions, expected }: RefusalKind): Promise<void> {
  const { status, body } = await postOnce(workerd.port("http"), template, tokenBody(assertions[0] ?? ""));
  if (status === expected.status && body.includes(`"error":"${expected.error}"`)) return;
  throw new Error(`${name}: expected ${expected.status} ${expected.error}, got ${status} ${body}`);
}
