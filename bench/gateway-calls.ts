import { inOrder } from "./in-order.ts";
import { askSteadily } from "./load/node-load.ts";
import { type Compared, compareInRounds, type Contestant, repeated, warmUpAll } from "./rounds.ts";
import type { Percentiles } from "./statistics.ts";
import { crossgateConfig } from "./subjects.ts";
import { obtainToken, toolCallBody, toolCallTemplate } from "./token-requests.ts";
import type { World } from "./world.ts";

/** Calls through the gateway, held against the same calls of the same server without it. */
export interface GatewayComparison {
  readonly what: string;
  readonly connections: number;
  /** The server itself first. */
  readonly ways: readonly Compared[];
}

export interface GatewaySteady {
  readonly way: string;
  readonly perSecond: number;
  readonly latencyMilliseconds: Percentiles;
  readonly unexpected: number;
}

export interface GatewayCalls {
  readonly comparisons: readonly GatewayComparison[];
  readonly steady: readonly GatewaySteady[];
}

const DISTINCT = 1000;
const STEADY_PER_SECOND = 200;
const DIRECT = "directly";
const THROUGH = "through the gateway";

export async function measureGateway(world: World): Promise<GatewayCalls> {
  // A door to the server behind it.
  const sockets = [{ name: "upstream", service: "stores", entrypoint: "upstream" }];
  const workerd = await world.startConfigured((files) => crossgateConfig(files, { sockets }));
  const [assertion = ""] = world.stock.take("gateway", 1);
  const token = await obtainToken(world.deployment, workerd.port("http"), assertion);
  const ways = (path?: string): Contestant[] => {
    const bodies = Array.from({ length: DISTINCT }, (_, id) => toolCallBody(id, path));
    return [
      { name: DIRECT, socket: "upstream", template: toolCallTemplate(world.deployment, null) },
      { name: THROUGH, socket: "http", template: toolCallTemplate(world.deployment, token) },
    ].map((way) => ({ ...way, workerd, requests: repeated(bodies) }));
  };
  await warmUpAll(world, ways());
  const compare = async (what: string, connections: number, path?: string): Promise<GatewayComparison> => {
    return {
      what,
      connections,
      ways: await compareInRounds(world, ways(path), { ...world.plan.gateway, connections }),
    };
  };
  const comparisons = [
    await compare("small answers, saturated", 32),
    await compare("small answers, one at a time", 1),
    await compare("answers of 1 MiB, saturated", 8, "/large"),
  ];
  const steady = await inOrder(ways(), (way) => askAtRate(world, way));
  await world.stop(workerd);
  return { comparisons, steady };
}

async function askAtRate(
  world: World,
  { name, workerd, socket = "http", template }: Contestant,
): Promise<GatewaySteady> {
  const bodies = Array.from({ length: STEADY_PER_SECOND * world.plan.gateway.seconds }, (_, id) => toolCallBody(id));
  const load = { port: workerd.port(socket), template, bodies, perSecond: STEADY_PER_SECOND, expectedStatus: 200 };
  const { latencyMilliseconds, unexpected } = await askSteadily(load);
  return { way: name, perSecond: STEADY_PER_SECOND, latencyMilliseconds, unexpected };
}
