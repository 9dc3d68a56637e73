import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { IdentityProvider } from "../bench/assertions.ts";
import { atOnce } from "./at-once.ts";
import type { Assertion, Client } from "./client.ts";
import type { Crossgate } from "./crossgate.ts";
import type { Random } from "./random.ts";
import type { FaultyStore, Stores } from "./stores/stores.ts";

export interface RoundParts {
  readonly idp: IdentityProvider;
  readonly client: Client;
  readonly crossgate: Crossgate;
  readonly stores: Stores;
  readonly random: Random;
  readonly assertions: number;
}

const CLIENTS_AT_ONCE = 16;
const FREEZE_MILLISECONDS = 1500;
const HANG_UPS = 0.1;
const HANG_UP_MILLISECONDS = 20;

/** One death: presented until it comes, and all of it again when the runtime is back. */
export async function playRound({ idp, client, crossgate, stores, random, assertions }: RoundParts): Promise<void> {
  const made = Array.from({ length: assertions }, () => issue(idp));
  stores.breakStores(chooseFaults(random));
  const dying = { afterPresentations: random.below(made.length * 2), milliseconds: random.next() * 8 };
  let presented = 0;
  let death: Promise<void> | null = null;
  const order = random.shuffled(
    made.flatMap((assertion) => (random.happens(0.4) ? [assertion, assertion] : [assertion])),
  );
  const freezes = random.happens(0.1);
  await atOnce(CLIENTS_AT_ONCE, order, async (assertion) => {
    presented += 1;
    if (presented > dying.afterPresentations) death ??= die(crossgate, dying.milliseconds, freezes);
    if (random.happens(HANG_UPS)) await client.hangUp(assertion, crossgate.port, random.next() * HANG_UP_MILLISECONDS);
    else await client.present(assertion, crossgate.port);
  });
  await (death ?? die(crossgate, 0, freezes));
  client.forgetConnections();
  await crossgate.start();
  const again = random.shuffled([...made, ...made]);
  await atOnce(CLIENTS_AT_ONCE, again, (assertion) => client.present(assertion, crossgate.port));
}

function issue(idp: IdentityProvider): Assertion {
  const jti = randomUUID();
  return { jti, text: idp.issue({ jti }) };
}

/** Not at the moment of a presentation, but some time within it. */
async function die(crossgate: Crossgate, milliseconds: number, freezes: boolean): Promise<void> {
  if (freezes) await crossgate.runtime.freeze(FREEZE_MILLISECONDS);
  await delay(milliseconds);
  await crossgate.kill();
}

function chooseFaults(random: Random): readonly FaultyStore[] {
  return (["keyValue", "queue", "archive", "index"] as const).filter(() => random.happens(0.3));
}
