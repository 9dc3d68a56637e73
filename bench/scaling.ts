import { AssertionStock, PARTIES } from "./assertions.ts";
import { CLIENT_ID, type Deployment } from "./deployment.ts";
import { inOrder } from "./in-order.ts";
import { type Compared, compareInRounds, type Contestant, redeemed, type Requests, warmUpAll } from "./rounds.ts";
import { crossgateConfig } from "./subjects.ts";
import { type RequestTemplate, tokenBody, tokenTemplate } from "./token-requests.ts";
import type { World } from "./world.ts";

/** One Crossgate that is larger in one way than the first, which is as deployed, with one provider and one client. */
interface Scaled {
  readonly name: string;
  readonly vars?: Readonly<Record<string, string>>;
  readonly documents?: Readonly<Record<string, string>>;
  readonly template: RequestTemplate;
  readonly requests: Requests;
}

const PROVIDERS = 100;
const CLIENTS = 1000;
const CONNECTIONS = 32;

export async function measureScaling(world: World): Promise<Compared[]> {
  const contestants = await inOrder(listScaled(world), async (scaled): Promise<Contestant> => {
    const { vars = {}, documents = {} } = scaled;
    return { ...scaled, workerd: await world.startConfigured((files) => crossgateConfig(files, { vars, documents })) };
  });
  await warmUpAll(world, contestants);
  const compared = await compareInRounds(world, contestants, { ...world.plan.scaling, connections: CONNECTIONS });
  await inOrder(contestants, ({ workerd }) => world.stop(workerd));
  return compared;
}

function listScaled(world: World): Scaled[] {
  const { deployment } = world;
  const template = tokenTemplate(deployment, deployment.clientSecret);
  const ordinary = (name: string): Scaled => ({ name, template, requests: redeemed(world.stock, name, tokenBody) });
  return [
    ordinary("as deployed"),
    { ...ordinary("1 ledger"), vars: { LEDGER_SHARDS: "1" } },
    { ...ordinary("64 ledgers"), vars: { LEDGER_SHARDS: "64" } },
    { ...ordinary(`${PROVIDERS} providers`), ...withProviders(deployment) },
    { ...ordinary(`${CLIENTS} clients`), ...withClients(deployment, template) },
  ];
}

function withProviders({ documents, idp }: Deployment): Pick<Scaled, "documents" | "requests"> {
  const issuers = Array.from({ length: PROVIDERS }, (_, number) => `https://idp-${number}.acme.example`);
  const record = JSON.parse(documents[`idp:${PARTIES.issuer}`] ?? "") as object;
  const next = inTurn(issuers);
  const stock = new AssertionStock({ issue: () => idp.issue({ iss: next() }) });
  return {
    documents: Object.fromEntries(
      issuers.map((issuer) => [`idp:${issuer}`, JSON.stringify({ ...record, issuer })] as const),
    ),
    requests: redeemed(stock, "providers", tokenBody),
  };
}

/** Each says in the body who it is, since all requests of a run have the same headers. */
function withClients(
  { documents, idp, clientSecret }: Deployment,
  template: RequestTemplate,
): Pick<Scaled, "documents" | "template" | "requests"> {
  const ids = Array.from({ length: CLIENTS }, (_, number) => `agent-of-many-${number}`);
  const record = JSON.parse(documents[`client:${CLIENT_ID}`] ?? "") as { readonly authentication: object };
  const authentication = { ...record.authentication, methods: ["client_secret_post"] };
  const records = ids.map(
    (id) => [`client:${id}`, JSON.stringify({ ...record, client_id: id, authentication })] as const,
  );
  const { authorization: _, ...headers } = template.headers;
  const next = inTurn(ids);
  const stock = new AssertionStock({ issue: () => idp.issue({ client_id: next() }) });
  const bodyOf = (assertion: string): string =>
    `${tokenBody(assertion)}&client_id=${clientOf(assertion)}&client_secret=${encodeURIComponent(clientSecret)}`;
  return {
    documents: { ...Object.fromEntries(records), ...permittingEveryClient(documents) },
    template: { ...template, headers },
    requests: redeemed(stock, "clients", bodyOf),
  };
}

function clientOf(assertion: string): string {
  const [, payload = ""] = assertion.split(".");
  const { client_id } = JSON.parse(Buffer.from(payload, "base64url").toString()) as { readonly client_id: string };
  return client_id;
}

function permittingEveryClient(documents: Deployment["documents"]): Readonly<Record<string, string>> {
  const policies = Object.entries(documents).filter(([key]) => key.startsWith("policy:"));
  return Object.fromEntries(
    policies.map(([key, text]) => [
      key,
      text.replace(JSON.stringify({ clients: [CLIENT_ID] }).slice(1, -1), '"clients":"any"'),
    ]),
  );
}

function inTurn<Item>(items: readonly Item[]): () => Item | undefined {
  let at = 0;
  return () => {
    at += 1;
    return items[at % items.length];
  };
}
