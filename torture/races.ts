import { tokenBody } from "../bench/token-requests.ts";
import type { Verdict, Violation } from "./checker.ts";
import { Connection, type Outgoing } from "./connection.ts";
import { makePeople, nowInSeconds, type People } from "./mutated/people.ts";
import { FORM, listen, type Players, send, signAssertion, signProof, signWith } from "./mutated/players.ts";
import { Random } from "./random.ts";
import { endWorld, startWorld } from "./world.ts";

export interface RacesPlan {
  readonly rounds: number;
  readonly seed: number;
  readonly directory: string;
  readonly say: (text: string) => void;
}

const PARALLEL = 64;
const SAID_EVERY = 250;
const CLIENT_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/** A nonce is good for as long at least. */
const NONCE_SECONDS = 120;

/** The requests of one round, of which one may be granted, and what the others must be told. */
interface Race {
  readonly error: string;
  readonly outgoing: readonly Outgoing[];
}

type Make = (people: People, nonce: string) => Promise<Race>;

const lanes = Array.from({ length: PARALLEL });

/** What is spent in each name space: everything else that the requests hold is fresh. */
const NAMESPACES: Readonly<Record<string, Make>> = {
  async "id-jag"(people) {
    const body = tokenBody(await signAssertion(people));
    return { error: "invalid_grant", outgoing: lanes.map(() => basic(people, body)) };
  },
  async "client-assertion"(people) {
    const assertion = encodeURIComponent(await signClient(people));
    const form = `client_assertion_type=${encodeURIComponent(CLIENT_ASSERTION_TYPE)}&client_assertion=${assertion}`;
    const bodies = await Promise.all(lanes.map(async () => `${tokenBody(await signAssertion(people))}&${form}`));
    const outgoing = bodies.map((body) => ({ method: "POST", path: "/token", headers: [FORM], body }));
    return { error: "invalid_client", outgoing };
  },
  async "dpop-proof"(people, nonce) {
    const proof = await signProof(people, nonce);
    const bodies = await Promise.all(lanes.map(async () => tokenBody(await signAssertion(people))));
    return { error: "invalid_dpop_proof", outgoing: bodies.map((body) => basic(people, body, ["dpop", proof])) };
  },
};

/** Round after round, one identifier of each kind is presented 64 times at once: one succeeds, and the others are told why not. */
export async function playRaces({ rounds, seed, directory, say }: RacesPlan): Promise<Verdict> {
  const people = await makePeople();
  const world = await startWorld({ deployment: people.deployment, directory, random: new Random(seed) });
  const players: Players = { people, world, connection: new Connection() };
  const counts: Record<string, number> = {};
  const violations: Violation[] = [];
  try {
    let { nonce } = await listen(players);
    let askedAt = nowInSeconds();
    for (let round = 1; round <= rounds; round += 1) {
      if (nowInSeconds() - askedAt > NONCE_SECONDS) [{ nonce }, askedAt] = [await listen(players), nowInSeconds()];
      for (const [namespace, make] of Object.entries(NAMESPACES)) {
        const outcome = await playRace(await make(people, nonce), players);
        counts[`${namespace} rounds`] = (counts[`${namespace} rounds`] ?? 0) + 1;
        counts[`${namespace} granted`] = (counts[`${namespace} granted`] ?? 0) + outcome.granted;
        violations.push(
          ...outcome.wrong.map((of) => ({
            property: `${namespace}: exactly one of ${PARALLEL} succeeds`,
            of: `round ${round}: ${of}`,
          })),
        );
      }
      if (round % SAID_EVERY === 0) say(`${round} of ${rounds} rounds, ${violations.length} violations`);
    }
    return { violations, counts };
  } finally {
    await endWorld(world);
  }
}

async function playRace(
  { error, outgoing }: Race,
  players: Players,
): Promise<{ granted: number; wrong: readonly string[] }> {
  const answers = await Promise.all(outgoing.map((one) => send(one, players)));
  const granted = answers.filter((answer) => answer?.status === 200).length;
  const others = answers.filter((answer) => answer?.status !== 200);
  const strange = others.filter((answer) => answer === null || errorIn(answer.body) !== error);
  return {
    granted,
    wrong: [
      ...(granted === 1 ? [] : [`${granted} were granted`]),
      ...strange.map((answer) => (answer === null ? "no answer" : `${answer.status} ${answer.body}`)),
    ],
  };
}

function errorIn(body: string): unknown {
  return (JSON.parse(body) as { error?: unknown }).error;
}

function basic({ sender }: People, body: string, ...more: readonly (readonly [string, string])[]): Outgoing {
  return { method: "POST", path: "/token", headers: [FORM, ["authorization", sender.basic], ...more], body };
}

function signClient({ sender, clientKey: key }: People): Promise<string> {
  const now = nowInSeconds();
  const claims = {
    iss: sender.clientId,
    sub: sender.clientId,
    aud: sender.issuer,
    jti: crypto.randomUUID(),
    iat: now,
    exp: now + 60,
  };
  return signWith(key, { alg: key.alg, kid: key.kid }, claims);
}
