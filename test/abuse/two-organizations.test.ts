import { beforeAll, describe, expect, it } from "vitest";
import { redemption } from "../../src/redemption/redemption.ts";
import {
  denyRule,
  idpDocument,
  type Members,
  permitRule,
  policyDocument,
  resourceDocument,
} from "../support/documents.ts";
import { Random } from "../support/random.ts";
import { makeClient, makeDependencies, makePresented, NOW, testIdp } from "../support/redemption.ts";
import { validClaims } from "../support/test-idp.ts";

/**
 * K05: two customers of one deployment. Whatever is in the documents of one, whoever its subjects, clients and servers
 * are, the other's decisions are the same: 10,000 random pairs, each redeemed with and without the neighbour's changes.
 */
const PAIRS = 10_000;
const OURS = "https://ours.example.com";
const THEIRS = "https://theirs.example.com";
const OUR_SERVER = "https://crossgate.example/ours";
const THEIR_SERVER = "https://crossgate.example/theirs";
const SCOPES = ["a", "b", "c"];

interface World {
  readonly idp: readonly Members[];
  readonly resource: readonly Members[];
  readonly policy: readonly Members[];
}

function randomRules(random: Random): readonly Members[] {
  return Array.from({ length: random.below(5) }, (_, index) => {
    const rule = {
      id: `r${index}`,
      clients: random.pick<"any" | string[]>(["any", ["agent"], ["theirs"], ["agent", "theirs"]]),
      resources: random.pick<"any" | string[]>(["any", [OUR_SERVER], [THEIR_SERVER]]),
      ...(random.below(3) === 0 ? { subjects: [random.pick(["ada", "eve"])] } : {}),
      ...(random.below(3) === 0 ? { issuers: [random.pick([OURS, THEIRS])] } : {}),
    };
    if (random.below(4) === 0) return denyRule(rule);
    return permitRule({ ...rule, scopes: random.pick<"any" | string[]>(["any", ["a"], ["a", "b"], ["c"]]) });
  });
}

function randomScopes(random: Random): Members {
  const defined = SCOPES.filter(() => random.below(3) > 0);
  return Object.fromEntries(defined.map((scope) => [scope, { description: scope }]));
}

interface Customer {
  readonly issuer: string;
  readonly organization: string;
  readonly server: string;
}

const US: Customer = { issuer: OURS, organization: "ours", server: OUR_SERVER };
const THEM: Customer = { issuer: THEIRS, organization: "theirs", server: THEIR_SERVER };

function randomWorld(random: Random, { issuer, organization, server }: Customer, keys: Members): World {
  const strict = { mode: "strict", by: ["aud_sub"] };
  return {
    idp: [
      idpDocument({
        issuer,
        organization,
        key_set: keys,
        enabled: random.below(8) > 0,
        scope_absent: random.pick(["refuse", "policy_decides"]),
        assertion_use: random.pick(["single", "until_expiry"]),
        subject_resolution: random.below(3) === 0 ? strict : { mode: "automatic" },
      }),
    ],
    resource: [resourceDocument({ resource: server, scopes: randomScopes(random), enabled: random.below(8) > 0 })],
    policy: random.below(8) === 0 ? [] : [policyDocument({ organization, rules: randomRules(random) })],
  };
}

/** What the decision is and all that it rests on, without what is random in it. */
async function decide(assertion: string, worlds: readonly World[]): Promise<string> {
  const others = {
    idp: worlds.flatMap(({ idp }) => idp),
    resource: worlds.flatMap(({ resource }) => resource),
    policy: worlds.flatMap(({ policy }) => policy),
  };
  const resolveSubject = async (organization: string) => ({ account: `account-of-${organization}` });
  const documents = { idp: null, resource: null, policy: null, others };
  const dependencies = await makeDependencies({ resolveSubject }, documents);
  const client = makeClient({ resources: [OUR_SERVER, THEIR_SERVER] });
  const outcome = await redemption.run(makePresented({ assertion, client }), dependencies);
  if (!outcome.completed) return JSON.stringify([outcome.refusedAt, outcome.reason]);
  const { organization, contents, policyRules } = outcome.known;
  return JSON.stringify([organization, contents.subject, [...contents.scope], contents.tokenAudience, policyRules]);
}

let assertions: readonly string[] = [];
let keys: Members = {};

/** Of our provider, for either server, as either subject; few, since signing takes longest. */
beforeAll(async () => {
  const idp = await testIdp();
  keys = { keys: idp.jwks.keys };
  const kinds = [OUR_SERVER, THEIR_SERVER].flatMap((resource) =>
    ["ada", "eve"].flatMap((sub) => ["a b c", "a", undefined].map((scope) => ({ iss: OURS, resource, sub, scope }))),
  );
  assertions = await Promise.all(kinds.map((kind) => idp.sign(validClaims(kind, NOW))));
});

describe("two organizations", () => {
  it("decide each for itself, whatever is in the other's documents, in 10,000 random pairs [CVE-2026-4630, asana#2025]", async () => {
    const random = new Random(4);
    const seen = new Map<string, number>();
    for (let pair = 0; pair < PAIRS; pair += 1) {
      const assertion = random.pick(assertions);
      const ours = randomWorld(random, US, keys);
      const theirs = randomWorld(random, THEM, keys);
      const changed = { ...randomWorld(random, THEM, keys), resource: theirs.resource };
      const [before, after] = [await decide(assertion, [ours, theirs]), await decide(assertion, [ours, changed])];
      expect(after).toBe(before);
      const kind = before.startsWith('["ours"') ? "granted" : before;
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
    }
    expect(seen.get("granted")).toBeGreaterThan(PAIRS / 20);
    expect(seen.size).toBeGreaterThan(4);
  }, 120_000);
});
