import { exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { compose, type Composed, makeDraft, type Mutation, MUTATIONS } from "../support/mutations.ts";
import { Random } from "../support/random.ts";
import { readAnswer, Tenant, TOKEN_ENDPOINT, type TokenAnswer } from "../support/tenant.ts";

/**
 * Promise 5: hostile input gets an OAuth error. 2,500 requests, each a good one that has been spoiled (or, as the
 * control, changed in a way that means nothing). Never a token for a spoiled one, never a 5xx for any, never a word of
 * the input in an answer. A million of them, and of other kinds, are `npm run torture -- --only mutated`. The seed reproduces the run: all but names and signatures comes from (seed, number).
 */
const SEED = 20_261_121;
const REQUESTS = 2_500;
const AT_ONCE = 40;
/** A client may have 1,000 requests in 10 s. */
const TENANTS = 24;

const ERROR_MEMBERS = new Set(["error", "error_description", "correlation_id"]);
const TOKEN_MEMBERS = ["access_token", "expires_in", "resource", "scope", "token_type"];
const LEAKS = [
  /claim-canary/,
  /\bat .+:\d+:\d+/,
  /Error\b/,
  /\.ts\b/,
  /node_modules/,
  /SQLITE/i,
  /undefined/,
  /\[object/,
];

function complaintAbout(mutation: Mutation, { status, text, body, headers }: TokenAnswer): string | null {
  if (headers.get("cache-control") !== "no-store") return "may be cached";
  if (mutation.verdict === "granted") {
    return status === 200 && Object.keys(body).toSorted().join() === TOKEN_MEMBERS.join() ? null : "was not granted";
  }
  if (status < 400 || status >= 500) return `answered ${status}`;
  if (status === 429) return "was shed, so that nothing was tested";
  const leak = LEAKS.find((pattern) => pattern.test(text));
  if (leak !== undefined) return `leaked ${leak.source}`;
  if (Object.keys(body).some((member) => !ERROR_MEMBERS.has(member)))
    return `said too much: ${Object.keys(body).join()}`;
  return text === "" || typeof body["error"] === "string" ? null : "is no OAuth error";
}

function toRequest({ method, headers: pairs, body }: Composed): Request {
  const headers = new Headers();
  for (const [name, value] of pairs) headers.append(name, value);
  headers.set("cf-connecting-ip", crypto.randomUUID());
  return new Request(TOKEN_ENDPOINT, { method, headers, ...(body !== null && { body }) });
}

async function attempt(number: number, tenants: readonly Tenant[]) {
  const random = new Random(SEED + number);
  const tenant = random.pick(tenants);
  // Each mutation comes round about as often as every other.
  const mutation = MUTATIONS[number % MUTATIONS.length] ?? random.pick(MUTATIONS);
  const draft = makeDraft(tenant);
  mutation.apply(draft, random, tenant);
  const answer = await readAnswer(await exports.default.fetch(toRequest(await compose(draft, tenant))));
  return { number, mutation, answer, complaint: complaintAbout(mutation, answer) };
}

describe("mutated requests", () => {
  it(`${REQUESTS} of them get what they deserve`, { timeout: 900_000 }, async () => {
    const tenants = await Promise.all(Array.from({ length: TENANTS }, () => Tenant.settle()));
    const tally = new Map<string, number>();
    const complaints: string[] = [];
    for (let first = 0; first < REQUESTS; first += AT_ONCE) {
      const numbers = Array.from({ length: AT_ONCE }, (_, at) => first + at);
      for (const { number, mutation, answer, complaint } of await Promise.all(
        numbers.map((each) => attempt(each, tenants)),
      )) {
        const outcome = `${answer.status} ${String(answer.body["error"] ?? "")}`.trim();
        tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
        if (complaint !== null)
          complaints.push(`#${number} (${mutation.name}) ${complaint}: ${outcome} ${answer.text}`);
      }
    }
    const counts = [...tally]
      .toSorted(([, left], [, right]) => right - left)
      .map(([outcome, count]) => `${count} × ${outcome}`);
    // oxlint-disable-next-line no-console -- so that whoever runs this sees what was met, and not only that it passed
    console.log(`${REQUESTS} mutated requests, seed ${SEED}: ${counts.join(" · ")}`);
    expect(complaints, `seed ${SEED}`).toEqual([]);
    expect(tally.size).toBeGreaterThan(8);
  });
});
