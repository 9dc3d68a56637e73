import { Random } from "../../test/support/random.ts";
import { atOnce } from "../at-once.ts";
import type { Verdict, Violation } from "../checker.ts";
import { type Answer, Connection } from "../connection.ts";
import { StoreServer } from "../stores/store-server.ts";
import { endWorld, startWorld } from "../world.ts";
import { Random as Chance } from "../random.ts";
import { type Attempt, KINDS } from "./kinds.ts";
import { toolsNamedIn } from "./named-tool.ts";
import { listen, type Players, send } from "./players.ts";
import { FORBIDDEN_TOOL, makePeople, nowInSeconds } from "./people.ts";

export interface MutatedPlan {
  readonly requests: number;
  readonly seed: number;
  readonly directory: string;
  readonly say: (text: string) => void;
}

const CLIENTS_AT_ONCE = 32;
const STRETCH = 10_000;
/** A token lives for 300 s, and a nonce for as long at least. */
const TOLD_ANEW_SECONDS = 120;

/** Requests of every kind, each spoiled in one of many ways, to Crossgate as it is deployed: no token, and no 5xx. */
export async function playMutated({ requests, seed, directory, say }: MutatedPlan): Promise<Verdict> {
  const people = await makePeople();
  const violations: Violation[] = [];
  const upstream = await StoreServer.start(
    ({ body }) => {
      if (toolsNamedIn(body.toString()).some((name) => name.toLowerCase().includes(FORBIDDEN_TOOL)))
        violations.push({ property: "a call that policy denies reached the server", of: body.toString() });
      return {
        status: 200,
        headers: { "content-type": "application/json" },
        body: '{"jsonrpc":"2.0","id":1,"result":{"content":[]}}',
      };
    },
    () => "none",
  );
  const world = await startWorld({
    deployment: people.deployment,
    directory,
    random: new Chance(seed),
    upstream: upstream.address,
  });
  const counts: Record<string, number> = {};
  try {
    const players: Players = { people, world, connection: new Connection() };
    for (let first = 0; first < requests; first += STRETCH) {
      const numbers = Array.from({ length: Math.min(STRETCH, requests - first) }, (_, at) => first + at);
      // oxlint-disable-next-line no-await-in-loop -- a stretch after the other, so that somebody sees how far it is
      await playStretch(numbers, players, { seed, counts, violations });
      say(
        `${(first + numbers.length).toLocaleString("en-US")} of ${requests.toLocaleString("en-US")} requests, ${violations.length} violations`,
      );
    }
    return { violations, counts };
  } finally {
    await endWorld(world);
    upstream.stop();
  }
}

interface Score {
  readonly seed: number;
  readonly counts: Record<string, number>;
  readonly violations: Violation[];
}

async function playStretch(
  numbers: readonly number[],
  players: Players,
  { seed, counts, violations }: Score,
): Promise<void> {
  let told = await listen(players);
  let toldAt = nowInSeconds();
  await atOnce(CLIENTS_AT_ONCE, numbers, async (number) => {
    if (nowInSeconds() - toldAt > TOLD_ANEW_SECONDS) {
      toldAt = nowInSeconds();
      told = await listen(players);
    }
    const random = new Random(seed + number);
    const make = KINDS[number % KINDS.length] ?? random.pick(KINDS);
    const attempt = await make(random, players.people, told);
    const answer = await send(attempt.outgoing, players);
    const outcome = answer === null ? "no answer" : String(answer.status);
    const row = `${attempt.name.split(":", 1)[0]} ${outcome}`;
    counts[row] = (counts[row] ?? 0) + 1;
    const complaint = complaintAbout(attempt, answer);
    if (complaint !== null)
      violations.push({ property: complaint, of: `#${number} ${attempt.name}: ${outcome} ${answer?.body ?? ""}` });
  });
}

function complaintAbout({ verdict }: Attempt, answer: Answer | null): string | null {
  if (answer === null) return "no answer";
  if (answer.status >= 500) return "a 5xx";
  if (verdict === "granted" && answer.status !== 200) return "a good request was refused";
  if (verdict === "refused" && answer.status < 400) return "a spoiled request was granted";
  return verdict !== "granted" && answer.body.includes("access_token") ? "a token for a spoiled request" : null;
}
