import { createRandomSecret } from "../cli/client-secret.ts";
import { IdentityProvider } from "./assertions.ts";
import { CLIENT_ID } from "./deployment.ts";
import { inOrder } from "./in-order.ts";
import { postOnce } from "./load/connection.ts";
import { measure, type Run } from "./measured-run.ts";
import type { Workerd } from "./runtime/workerd.ts";
import { median, medianPercentiles, type Percentiles } from "./statistics.ts";
import { warmUp } from "./throughput.ts";
import { type RequestTemplate, tokenBody, tokenTemplate } from "./token-requests.ts";
import type { World } from "./world.ts";

export interface RefusalKind {
  readonly name: string;
  readonly template: RequestTemplate;
  /** Sent again and again: what is refused is not spent. */
  readonly assertions: readonly string[];
  readonly expected: { readonly status: number; readonly error: string };
  /** Who authenticates nobody is counted, and leaves no record. */
  readonly isRecorded: boolean;
}

export interface RefusalResult {
  readonly name: string;
  readonly refusalsPerSecond: number;
  readonly latencyMilliseconds: Percentiles;
  readonly processorMicroseconds: number | null;
  readonly unexpected: number;
}

const DISTINCT = 200;
const CONNECTIONS = 32;

export async function measureRefusals(world: World): Promise<RefusalResult[]> {
  const { refusalRounds, refusalSeconds } = world.plan;
  const workerd = await world.start("crossgate");
  await warmUp(world, { name: "crossgate", workerd, state: "memory" });
  const kinds = await prepareRefusals(world, workerd);
  const run = (kind: RefusalKind): Promise<Run> => refuse(world, workerd, kind, refusalSeconds);
  const rounds = await inOrder(Array.from({ length: refusalRounds }), () => inOrder(kinds, run));
  await world.stop(workerd);
  return kinds.map(({ name }, position) =>
    summarize(
      name,
      rounds.flatMap((round) => round[position] ?? []),
    ),
  );
}

/** @throws when one of them is not refused as it should be: the bench would measure something else */
export async function prepareRefusals(world: World, workerd: Workerd): Promise<RefusalKind[]> {
  const kinds = listKinds(world);
  const good = tokenTemplate(world.deployment, world.deployment.clientSecret);
  const replayed = world.stock.take("replays", DISTINCT);
  await inOrder(replayed, (assertion) => postOnce(workerd.port("http"), good, tokenBody(assertion)));
  const replay = { name: "replay", template: good, assertions: replayed, expected: INVALID_GRANT, isRecorded: true };
  const all = [...kinds, replay];
  await inOrder(all, (kind) => requireRefused(workerd, kind));
  return all;
}

const INVALID_GRANT = { status: 400, error: "invalid_grant" } as const;

function listKinds({ deployment }: World): RefusalKind[] {
  const { idp, issuer, resource, clientSecret } = deployment;
  const good = tokenTemplate(deployment, clientSecret);
  const stranger = new IdentityProvider({ audience: issuer, clientId: CLIENT_ID, resource });
  const longAgoSeconds = Math.floor(Date.now() / 1000) - 3600;
  const make = (issue: () => string): string[] => Array.from({ length: DISTINCT }, issue);
  const grant = (name: string, assertions: readonly string[]): RefusalKind => {
    return { name, assertions, template: good, expected: INVALID_GRANT, isRecorded: true };
  };
  return [
    grant(
      "bad signature",
      make(() => stranger.issue()),
    ),
    grant(
      "expired",
      make(() => idp.issue({ iat: longAgoSeconds, exp: longAgoSeconds + 300 })),
    ),
    grant(
      "wrong audience",
      make(() => idp.issue({ aud: "https://somebody-else.example" })),
    ),
    {
      name: "wrong client secret",
      assertions: make(() => idp.issue()),
      template: tokenTemplate(deployment, createRandomSecret()),
      expected: { status: 401, error: "invalid_client" },
      isRecorded: false,
    },
  ];
}

async function requireRefused(workerd: Workerd, { name, template, assertions, expected }: RefusalKind): Promise<void> {
  const { status, body } = await postOnce(workerd.port("http"), template, tokenBody(assertions[0] ?? ""));
  if (status === expected.status && body.includes(`"error":"${expected.error}"`)) return;
  throw new Error(`${name}: expected ${expected.status} ${expected.error}, got ${status} ${body}`);
}

function refuse(world: World, workerd: Workerd, kind: RefusalKind, seconds: number): Promise<Run> {
  return measure(workerd, world.load.run, {
    template: kind.template,
    bodies: kind.assertions.map(tokenBody),
    mayRepeat: true,
    connections: CONNECTIONS,
    seconds,
    expectedStatus: kind.expected.status,
    quietMilliseconds: kind.isRecorded ? world.plan.quietMilliseconds : 0,
  });
}

function summarize(name: string, runs: readonly Run[]): RefusalResult {
  const costs = runs.flatMap(({ processorMicroseconds }) => processorMicroseconds ?? []);
  return {
    name,
    refusalsPerSecond: median(runs.map(({ requestsPerSecond }) => requestsPerSecond)),
    latencyMilliseconds: medianPercentiles(runs.map(({ latencyMilliseconds }) => latencyMilliseconds)),
    processorMicroseconds: costs.length === 0 ? null : median(costs),
    unexpected: runs.reduce((sum, { unexpected }) => sum + unexpected, 0),
  };
}
