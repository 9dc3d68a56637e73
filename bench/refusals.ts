import { prepareRefusals, REPLAYS } from "./refusal-kinds.ts";
import { type Compared, compareInRounds, type Contestant, redeemed, repeated, warmUpAll } from "./rounds.ts";
import { tokenBody, tokenTemplate } from "./token-requests.ts";
import type { World } from "./world.ts";

export interface Refusals {
  /** In the same rounds as the refusals. */
  readonly redemption: Compared;
  readonly kinds: readonly RefusalResult[];
}

export interface RefusalResult extends Compared {
  /** Null where the system does not tell what processor time was spent. */
  readonly isCheaper: boolean | null;
}

const CONNECTIONS = 32;

export async function measureRefusals(world: World): Promise<Refusals> {
  const { refusalRounds: rounds, refusalSeconds: seconds } = world.plan;
  const workerd = await world.start("crossgate");
  const template = tokenTemplate(world.deployment, world.deployment.clientSecret);
  const granted = { name: "redemption", workerd, template, requests: redeemed(world.stock, REPLAYS, tokenBody) };
  await warmUpAll(world, [granted]);
  const refused = (await prepareRefusals(world, workerd)).map((kind): Contestant => ({
    name: kind.name,
    workerd,
    template: kind.template,
    requests: repeated(kind.assertions.map(tokenBody)),
    expectedStatus: kind.expected.status,
  }));
  const load = { rounds, seconds, connections: CONNECTIONS };
  const [redemption, ...kinds] = await compareInRounds(world, [granted, ...refused], load);
  await world.stop(workerd);
  if (redemption === undefined) throw new TypeError("nothing was compared");
  return { redemption, kinds: kinds.map((kind) => ({ ...kind, isCheaper: isCheaper(kind, redemption) })) };
}

function isCheaper(
  { processorMicroseconds: own }: Compared,
  { processorMicroseconds: granted }: Compared,
): boolean | null {
  return own === null || granted === null ? null : own < granted;
}
