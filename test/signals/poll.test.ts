import { afterEach, describe, expect, it, vi } from "vitest";
import { DEPLOYMENT } from "../../durable-objects/vault-owner.ts";
import { Outage } from "../../src/audit/reason.ts";
import { LIMITS } from "../../src/limits.ts";
import { FetchFailed } from "../../src/egress/bounded-fetch.ts";
import { runPollRound } from "../../src/poll-round.ts";
import { type PollDependencies, pollEvents } from "../../src/signals/poll.ts";
import { trustedIdpSchema } from "../../src/trust/trusted-idp.ts";
import { idpDocument } from "../support/documents.ts";
import { vaultOf } from "../support/outbound.ts";
import { registry } from "../support/revocations.ts";
import { startIsolate } from "../support/services.ts";
import { RISC, signSignal } from "../support/signals.ts";
import { Tenant } from "../support/tenant.ts";

const ENDPOINT = "https://events.example.com/poll";

interface Question {
  readonly maxEvents: number;
  readonly returnImmediately: boolean;
  readonly ack?: readonly string[];
  readonly setErrs?: Readonly<Record<string, { readonly err: string; readonly description: string }>>;
}

/** A transmitter that holds events until they are acknowledged or refused, and no more than `perAnswer` an answer. */
class Transmitter {
  readonly waiting = new Map<string, string>();
  readonly asked: Question[] = [];
  perAnswer = 100;

  async add(tenant: Tenant, sub: string, changes: Parameters<typeof signSignal>[1] = {}): Promise<string> {
    const jti = crypto.randomUUID();
    const sub_id = { format: "iss_sub", iss: tenant.idp.issuer, sub };
    const claims = { jti, sub_id, ...changes.claims };
    this.waiting.set(jti, await signSignal(tenant, { type: `${RISC}account-disabled`, ...changes, claims }));
    return jti;
  }

  answer(body: string): string {
    const question = JSON.parse(body) as Question;
    this.asked.push(question);
    for (const jti of [...(question.ack ?? []), ...Object.keys(question.setErrs ?? {})]) this.waiting.delete(jti);
    const given = [...this.waiting].slice(0, this.perAnswer);
    return JSON.stringify({
      sets: question.maxEvents === 0 ? {} : Object.fromEntries(given),
      moreAvailable: this.waiting.size > given.length,
    });
  }
}

interface Stage {
  readonly tenant: Tenant;
  readonly transmitter: Transmitter;
  readonly poll: (changes?: Partial<PollDependencies>) => Promise<void>;
  readonly redeem: (sub: string) => Promise<number>;
  readonly failure: () => Promise<unknown>;
}

async function setStage(): Promise<Stage> {
  const [tenant, transmitter] = [
    await Tenant.settle({ idp: { signals: { poll: { endpoint: ENDPOINT } } } }),
    new Transmitter(),
  ];
  const { signals } = startIsolate().services;
  const found = await signals.findIdp(tenant.idp.issuer);
  if (found === null) throw new TypeError("no document");
  const post: PollDependencies["post"] = async (_idp, _endpoint, body) => transmitter.answer(body);
  return {
    tenant,
    transmitter,
    poll: (changes = {}) => pollEvents(found.document, { ...signals, post, ...changes }),
    redeem: async (sub) => (await tenant.redeem({ form: { assertion: await tenant.assertion({ sub }) } })).status,
    failure: async () => {
      const notes = (await registry().streamNotes()).filter(({ issuer }) => issuer === tenant.idp.issuer);
      return notes.map(({ note }) => (note.kind === "poll" ? note.failure : note.kind));
    },
  };
}

afterEach(() => void vi.restoreAllMocks());

// The first of them also waits for the Worker to start.
describe("events that are fetched [SSF-03]", { timeout: 30_000 }, () => {
  it("take effect, and are acknowledged with the question after that", async () => {
    const { tenant, transmitter, poll, redeem, failure } = await setStage();
    const jti = await transmitter.add(tenant, "user-ada");
    await poll();
    expect(transmitter.asked).toEqual([
      { maxEvents: LIMITS.pollEvents, returnImmediately: true },
      { maxEvents: 0, returnImmediately: true, ack: [jti] },
    ]);
    expect([await redeem("user-ada"), await redeem("user-bob")]).toEqual([400, 200]);
    expect(await failure()).toEqual([null]);
  });

  it("are asked for again while there are more, and nothing is acknowledged twice", async () => {
    const { tenant, transmitter, poll } = await setStage();
    transmitter.perAnswer = 2;
    const added = [];
    for (const sub of ["a", "b", "c", "d", "e"]) added.push(await transmitter.add(tenant, sub));
    await poll();
    expect(transmitter.waiting.size).toBe(0);
    expect(transmitter.asked.flatMap(({ ack = [] }) => ack)).toEqual(added);
    expect(transmitter.asked).toHaveLength(4);
  });

  it("that are wrong are refused each by itself, with a named error, and the others count", async () => {
    const { tenant, transmitter, poll, redeem } = await setStage();
    const other = await Tenant.settle({ idp: { signals: {} } });
    const wrong = {
      "not a token": "x",
      "of another provider": await signSignal(other, { claims: { jti: "of another provider" } }),
      "under another name": await signSignal(tenant, { claims: { jti: "its own" } }),
      "for another": await signSignal(tenant, { claims: { jti: "for another", aud: "https://other.example" } }),
    };
    for (const [jti, token] of Object.entries(wrong)) transmitter.waiting.set(jti, token);
    const good = await transmitter.add(tenant, "user-ada");
    await poll();
    const { ack, setErrs = {} } = transmitter.asked.at(-1) ?? { ack: [] };
    expect(ack).toEqual([good]);
    expect(Object.entries(setErrs).map(([jti, { err }]) => [jti, err])).toEqual([
      ["not a token", "invalid_request"],
      ["of another provider", "invalid_issuer"],
      ["under another name", "invalid_request"],
      ["for another", "invalid_audience"],
    ]);
    expect(await redeem("user-ada")).toBe(400);
  });

  it.each([
    ["its effect", { join: () => Promise.reject(new Error("down")) }],
    ["its record", { record: () => Promise.reject(new Error("down")) }],
  ])("are not acknowledged before %s is durable, and come again", async (_name, outage) => {
    const { tenant, transmitter, poll, redeem, failure } = await setStage();
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    await transmitter.add(tenant, "user-ada");
    await poll(outage);
    expect(transmitter.asked).toHaveLength(1);
    expect(transmitter.waiting.size).toBe(1);
    expect(await failure()).toEqual(["fault"]);
    await poll();
    expect([transmitter.waiting.size, await redeem("user-ada"), await failure()]).toEqual([0, 400, [null]]);
  });

  it("that are no tokens at all are refused by their names, whatever else is wrong with the answer", async () => {
    const { tenant, redeem, failure, poll } = await setStage();
    const good = await signSignal(tenant, {
      type: `${RISC}account-disabled`,
      claims: { jti: "good", sub_id: { format: "iss_sub", iss: tenant.idp.issuer, sub: "user-ada" } },
    });
    const long = "n".repeat(LIMITS.jtiBytes + 1);
    const wrong = { number: 7, nothing: null, list: ["x"], object: { x: 1 }, huge: "x".repeat(LIMITS.jwtBytes + 1) };
    const sets = JSON.stringify({ ...wrong, [long]: "x", good });
    const asked: Question[] = [];
    const post = async (_idp: unknown, _poll: unknown, body: string) => {
      const more = Array.from({ length: LIMITS.jsonMembers }, (_, n) => `"later-${n}":1`).join(",");
      asked.push(JSON.parse(body) as Question);
      return `{"sets":${sets.slice(0, -1)},"__proto__":"x",${more}},"moreAvailable":"perhaps"}`;
    };
    await poll({ post });
    const { ack, setErrs = {} } = asked[1] ?? { ack: [] };
    expect(ack).toEqual(["good"]);
    expect(Object.keys(setErrs)).toEqual(expect.arrayContaining([...Object.keys(wrong), long, "__proto__", "later-0"]));
    expect([await redeem("user-ada"), await failure()]).toEqual([400, [null]]);
  });

  it("that fail each time keep no other from being heard, and take back no acknowledgement", async () => {
    const { tenant, transmitter, poll, redeem, failure } = await setStage();
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const [first, second, third] = [
      await transmitter.add(tenant, "user-ada"),
      await transmitter.add(tenant, "user-bob"),
      await transmitter.add(tenant, "user-eve"),
    ];
    const { signals } = startIsolate().services;
    const join: PollDependencies["join"] = (fences, issuer) =>
      fences.some(({ name }) => name.includes("user-bob"))
        ? Promise.reject(new TypeError("each time"))
        : signals.join(fences, issuer);
    await poll({ join });
    expect(transmitter.asked.at(-1)).toEqual({ maxEvents: 0, returnImmediately: true, ack: [first, third] });
    expect([...transmitter.waiting.keys()]).toEqual([second]);
    expect([await redeem("user-ada"), await redeem("user-bob"), await redeem("user-eve")]).toEqual([400, 200, 400]);
    expect(await failure()).toEqual(["fault"]);
  });

  it("are left for later after some outages, and what was done before is acknowledged", async () => {
    const { tenant, transmitter, poll, failure } = await setStage();
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const first = await transmitter.add(tenant, "user-0");
    for (let n = 1; n <= LIMITS.pollOutages + 3; n += 1) await transmitter.add(tenant, `user-${n}`);
    const { signals } = startIsolate().services;
    let calls = 0;
    const join: PollDependencies["join"] = (fences, issuer) => {
      calls += 1;
      return calls === 1 ? signals.join(fences, issuer) : Promise.reject(new Outage("revocations_unavailable"));
    };
    await poll({ join });
    expect(calls).toBe(1 + LIMITS.pollOutages);
    expect(transmitter.asked.at(-1)?.ack).toEqual([first]);
    expect(await failure()).toEqual(["revocations_unavailable"]);
  });

  it("never end: a transmitter that forgets what was acknowledged is asked so often and no more", async () => {
    const { tenant, poll } = await setStage();
    const token = await signSignal(tenant, { claims: { jti: "again" } });
    const post = vi.fn(async () => JSON.stringify({ sets: { again: token }, moreAvailable: true }));
    await poll({ post });
    expect(post).toHaveBeenCalledTimes(LIMITS.pollRounds + 1);
  });

  it("beyond what was asked for are left for later", async () => {
    const { tenant, transmitter, poll } = await setStage();
    for (let n = 0; n < LIMITS.pollEvents + 3; n += 1) transmitter.waiting.set(`x${n}`, "x");
    void tenant;
    await poll();
    expect(Object.keys(transmitter.asked[1]?.setErrs ?? {})).toHaveLength(LIMITS.pollEvents);
  });

  it.each<[string, () => Promise<string>, string]>([
    ["answers no JSON", async () => "<html>", "answer_malformed"],
    ["answers with two meanings", async () => '{"sets":{},"sets":{}}', "answer_malformed"],
    ["answers with sets that are none", async () => '{"sets":[]}', "answer_malformed"],
    ["refuses us", () => Promise.reject(new FetchFailed("status", 401)), "status 401"],
    ["does not answer", () => Promise.reject(new FetchFailed("unreachable")), "unreachable"],
    ["answers without end", () => Promise.reject(new FetchFailed("too_large")), "too_large"],
  ])("come from nobody who %s, and the status says so", async (_name, post, expected) => {
    const { poll, failure } = await setStage();
    await poll({ post });
    expect(await failure()).toEqual([expected]);
  });

  it("are not asked for while the provider is blocked: they would be refused, and lost", async () => {
    const { tenant, transmitter, poll } = await setStage();
    await registry().order([`issuer:${tenant.idp.issuer}`], "block");
    await poll({ isRevoked: async (names) => names.includes(`issuer:${tenant.idp.issuer}`) });
    expect(transmitter.asked).toEqual([]);
  });

  it("are not asked for of a provider that is switched off, or whose record does not say where", async () => {
    const { services } = startIsolate();
    const post = vi.fn();
    for (const changes of [{ enabled: false, signals: { poll: { endpoint: ENDPOINT } } }, { signals: {} }, {}]) {
      await pollEvents(trustedIdpSchema.parse(idpDocument({ ...changes })), { ...services.signals, post });
    }
    expect(post).not.toHaveBeenCalled();
  });
});

describe("a round", () => {
  it("asks each provider, and one that fails takes nothing from the next", async () => {
    const [one, other] = [await setStage(), await setStage()];
    await other.transmitter.add(other.tenant, "user-ada");
    const logged = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const { services } = startIsolate();
    const list = vi.fn(async () => ({
      keys: ["idp:https://nobody.example", ...[one, other].map(({ tenant }) => `idp:${tenant.idp.issuer}`)].map(
        (name) => ({ name }),
      ),
      list_complete: true,
    }));
    const post: PollDependencies["post"] = async (idp, _endpoint, body) => {
      if (idp.issuer === one.tenant.idp.issuer) throw new Error("secret-in-the-error");
      return other.transmitter.answer(body);
    };
    await runPollRound({ list } as never, { signals: { ...services.signals, post } });
    expect(await other.redeem("user-ada")).toBe(400);
    expect(JSON.stringify(logged.mock.calls)).not.toContain("secret-in-the-error");
  });
});

describe("how a provider is asked", () => {
  const NAME = "secret-of-a-stream";

  async function ask(value: string, resources: readonly string[] | null = null) {
    const { tenant } = await setStage();
    const { services } = startIsolate();
    await vaultOf(DEPLOYMENT).setSecret({ name: NAME, value, resources: resources ?? [tenant.idp.issuer] });
    const fetched = vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response('{"sets":{}}'));
    const idp = (await services.signals.findIdp(tenant.idp.issuer))?.document;
    if (idp === undefined) throw new TypeError("no document");
    const poll = (issuer: string, signals: object) =>
      pollEvents({ ...idp, issuer, signals: { ...idp.signals, ...signals } } as typeof idp, services.signals);
    const named = { poll: { endpoint: ENDPOINT, authorization_secret: NAME } };
    const failure = async (issuer: string) =>
      (await registry().streamNotes())
        .filter((noted) => noted.issuer === issuer)
        .map(({ note }) => (note.kind === "poll" ? note.failure : note.kind));
    return { issuer: idp.issuer, fetched, poll, named, failure };
  }

  it("is a POST of JSON, with the header that is in the vault for it and for no other, and no redirect is followed", async () => {
    const { issuer, fetched, poll, named, failure } = await ask("Bearer of-the-stream");
    await poll(issuer, named);
    await poll(issuer, { poll: { endpoint: ENDPOINT } });
    const [first, second] = fetched.mock.calls.map(([, init]) => init);
    expect(first).toMatchObject({
      method: "POST",
      redirect: "manual",
      headers: { authorization: "Bearer of-the-stream" },
    });
    expect(second?.headers).not.toHaveProperty("authorization");
    const other = `https://${crypto.randomUUID()}.example`;
    await poll(other, named);
    expect(fetched).toHaveBeenCalledTimes(2);
    expect([await failure(issuer), await failure(other)]).toEqual([[null], ["credential_not_for_resource"]]);
  });

  it.each(["a\nx-injected: b", "", " leading", "trailing ", "not-ascii-\u00e9"])(
    "is never with a header that would be another: %j",
    async (value) => {
      const { issuer, fetched, poll, named, failure } = await ask(value);
      await poll(issuer, named);
      expect(fetched).not.toHaveBeenCalled();
      expect(await failure(issuer)).toEqual(["credential_unusable"]);
    },
  );

  it("is not at all where its secret is missing, and the status says so", async () => {
    const { issuer, fetched, poll, failure } = await ask("Bearer x");
    await poll(issuer, { poll: { endpoint: ENDPOINT, authorization_secret: "no-such-secret" } });
    expect(fetched).not.toHaveBeenCalled();
    expect(await failure(issuer)).toEqual(["credential_absent"]);
  });

  it.each(["http://events.example.com/poll", "https://10.0.0.1/poll", "https://events.internal/poll"])(
    "is never at %s",
    async (endpoint) => {
      const tenant = await Tenant.settle({ idp: { signals: { poll: { endpoint } } } });
      const { services } = startIsolate();
      await expect(services.signals.findIdp(tenant.idp.issuer)).rejects.toThrow("trust_document_invalid");
    },
  );
});
