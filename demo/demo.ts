import { type Agent, connectAgent } from "./agent.ts";
import { showAuditTrail } from "./audit-trail.ts";
import { claims, expect, fact, LegFailed, say, title } from "./narrator.ts";
import type { Observation } from "./observed-fetch.ts";
import { announceRefusals, showRefusals } from "./refusals.ts";
import { type SignedIn, signIn } from "./sign-in.ts";
import { IDP_CLIENT, startWorld, USER, type World } from "./world.ts";

const ID_JAG_CLAIMS = ["iss", "aud", "sub", "client_id", "resource", "scope", "jti", "exp"];
const ACCESS_TOKEN_CLAIMS = ["iss", "aud", "sub", "sub_id", "client_id", "organization", "scope", "exp"];

async function run(): Promise<void> {
  const startedAt = Date.now();
  say("Crossgate: an identity provider decides which agents reach which MCP servers.");
  title("Starting the parts");
  const world = await startWorld();
  try {
    introduce(world);
    const signedIn = await signInAlice(world);
    await useMcpServer(world, signedIn);
    announceRefusals();
    const refused = await showRefusals(world, signedIn.idToken);
    await showAuditTrail(world, { refused, grants: 2, calls: 3 });
    say(`\nEvery leg did what it should, in ${((Date.now() - startedAt) / 1000).toFixed(1)} s.`);
  } finally {
    await world.close();
  }
}

function introduce({ crossgate, idp, everythingUrl }: World): void {
  fact("identity provider", `${idp.issuer} (oidc-provider, with a grant that issues ID-JAGs)`);
  fact("Crossgate", `${crossgate.issuer} (the Worker in workerd, with its objects, KV, queue and D1)`);
  fact("MCP server", `${everythingUrl} (server-everything, behind the gateway)`);
}

async function signInAlice({ idp }: World): Promise<SignedIn> {
  title("Leg 1: Alice signs in at her company's identity provider");
  const signedIn = await signIn({
    issuer: idp.issuer,
    clientId: IDP_CLIENT.client_id,
    clientSecret: IDP_CLIENT.client_secret,
    redirectUri: IDP_CLIENT.redirect_uri,
    email: USER.email,
    password: USER.password,
  });
  claims(signedIn.claims, ["iss", "sub", "aud"]);
  return signedIn;
}

async function useMcpServer(world: World, { idToken }: SignedIn): Promise<void> {
  title("Leg 2: the agent calls the MCP server, with no token at all");
  const observed: Observation[] = [];
  const agent = await connect(world, idToken, observed);
  tell(observed);
  title("Leg 5: with the access token, through the gateway");
  fact("protocol", agent.protocolVersion ?? "unknown");
  const tools = await agent.listToolNames();
  expect(tools.includes("echo"), `tools/list does not name echo: ${tools.join(", ")}`);
  fact("tools/list", `${tools.length} tools: ${tools.slice(0, 6).join(", ")}, …`);
  const echoed = await agent.echo("hello through the gateway");
  expect(echoed.includes("hello through the gateway"), `echo answered: ${echoed}`);
  fact("tools/call echo", echoed);
  await agent.close();
}

function connect(
  { crossgate, idp, everythingUrl, clientSecrets }: World,
  idToken: string,
  observed: Observation[],
): Promise<Agent> {
  return connectAgent({
    mcpUrl: everythingUrl,
    idp: { issuer: idp.issuer, clientId: IDP_CLIENT.client_id, clientSecret: IDP_CLIENT.client_secret },
    resourceAuthorizationServer: {
      issuer: crossgate.issuer,
      clientId: "desktop-agent",
      clientSecret: clientSecrets.get("desktop-agent") ?? "",
    },
    idToken,
    observe: (observation) => void observed.push(observation),
  });
}

/** What the SDK did by itself between the first 401 and the first answer. */
function tell(observed: readonly Observation[]): void {
  const challenged = observed.find(({ leg, status }) => leg === "mcp" && status === 401);
  expect(challenged !== undefined, "the gateway did not challenge a call without a token");
  fact("answer", `401 ${challenged.challenge ?? ""}`);
  for (const { url, status } of observed.filter(({ leg }) => leg === "discovery"))
    fact("discovery", `${status} ${url}`);
  title("Leg 3: the identity provider gives the agent an ID-JAG for that server");
  showIssued(observed, "token-exchange", ID_JAG_CLAIMS);
  title("Leg 4: Crossgate redeems the ID-JAG for a short-lived access token");
  showIssued(observed, "redemption", ACCESS_TOKEN_CLAIMS);
}

function showIssued(observed: readonly Observation[], leg: Observation["leg"], names: readonly string[]): void {
  const issued = observed.findLast((observation) => observation.leg === leg)?.issued;
  expect(issued !== undefined, `the ${leg} issued nothing`);
  fact("typ", String(issued.header["typ"]));
  claims(issued.claims, names);
}

try {
  await run();
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(`\nThe demo stopped: ${reason}\n`);
  if (error instanceof Error && !(error instanceof LegFailed)) process.stderr.write(`${error.stack ?? ""}\n`);
  process.exitCode = 1;
}
