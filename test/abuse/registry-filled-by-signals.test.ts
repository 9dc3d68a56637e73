import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { signInAgain } from "../../src/revocation/fence.ts";
import { fenceName } from "../../src/revocation/fence-names.ts";
import { LIMITS } from "../../src/limits.ts";

/**
 * One identity provider, its key stolen or its software at fault, signs events about users without end. It may use up
 * what is its own, and neither another provider's room nor what an operator needs to stop it.
 */
const STOLEN = "https://stolen.example";

function makeRegistry() {
  return env.REVOCATION_REGISTRY.getByName(crypto.randomUUID());
}

function fencesOf(issuer: string, count: number, sub = "u") {
  return Array.from({ length: count }, (_, at) => signInAgain(fenceName("subject", issuer, `${sub}${at}`), 1000));
}

/** As though so many had been joined: what the registry keeps of it is this one number. */
async function fill(registry: ReturnType<typeof makeRegistry>, giver: string, used: number): Promise<void> {
  await runInDurableObject(registry, (_instance, { storage }) => {
    storage.sql.exec("INSERT OR REPLACE INTO room (giver, used) VALUES (?, ?)", giver, used);
  });
}

async function usedBy(registry: ReturnType<typeof makeRegistry>, giver: string): Promise<number> {
  return runInDurableObject(registry, (_instance, { storage }) =>
    Number([...storage.sql.exec("SELECT used FROM room WHERE giver = ?", giver)][0]?.["used"] ?? 0),
  );
}

it("a provider that has used up its share is not heard of anybody new, and others are", async () => {
  const registry = makeRegistry();
  await registry.join(fencesOf(STOLEN, 3), `idp:${STOLEN}`);
  expect([await usedBy(registry, `idp:${STOLEN}`), await usedBy(registry, "all")]).toEqual([3, 3]);
  await fill(registry, `idp:${STOLEN}`, LIMITS.fencesPerIssuer);
  expect(await registry.join(fencesOf(STOLEN, 4), `idp:${STOLEN}`)).toBeNull();
  expect(await registry.join(fencesOf(STOLEN, 3), `idp:${STOLEN}`)).not.toBeNull();
  expect(await registry.join(fencesOf("https://other.example", 3), "idp:https://other.example")).not.toBeNull();
  expect(await usedBy(registry, "all")).toBe(6);
});

it("what signals and clients may fill leaves an operator room to block", async () => {
  const registry = makeRegistry();
  await fill(registry, "all", LIMITS.fencesBeforeReserve);
  expect(await registry.join(fencesOf(STOLEN, 1), `idp:${STOLEN}`)).toBeNull();
  expect(await registry.join([signInAgain("token:new", 1000)], "client")).toBeNull();
  expect(await registry.order([fenceName("issuer", STOLEN)], "block")).not.toBeNull();
});

it("a registry past what signals may fill still takes a signal about what it knows", async () => {
  const registry = makeRegistry();
  const [known] = fencesOf(STOLEN, 1);
  if (known === undefined) throw new TypeError("no fence");
  await registry.join([known], `idp:${STOLEN}`);
  await fill(registry, "all", LIMITS.fencesBeforeReserve + 1);
  const later = signInAgain(known.name, known.notBeforeMilliseconds + 1);
  expect(await registry.join([later], `idp:${STOLEN}`)).not.toBeNull();
  expect((await registry.find(known.name))?.notBeforeMilliseconds).toBe(later.notBeforeMilliseconds);
  expect(await usedBy(registry, "all")).toBe(LIMITS.fencesBeforeReserve + 1);
});

it("a registry that is full to the brim still takes an order about what it knows", async () => {
  const registry = makeRegistry();
  await registry.order(["client:known"], "sign_in_again");
  await fill(registry, "all", LIMITS.fences);
  expect(await registry.order(["client:new"], "block")).toBeNull();
  expect(await registry.order(["client:known"], "block")).not.toBeNull();
  expect(await registry.order(["client:known"], "restore")).not.toBeNull();
});

it("a long name takes the room of several", async () => {
  const registry = makeRegistry();
  await registry.join(fencesOf(STOLEN, 1, "u".repeat(3 * LIMITS.fenceNameCharacters)), `idp:${STOLEN}`);
  expect(await usedBy(registry, `idp:${STOLEN}`)).toBe(4);
});

it("what has expired gives its room back", async () => {
  const registry = makeRegistry();
  const fences = ["token:a", "token:b"].map((name) => ({ ...signInAgain(name, 1), expiresAtMilliseconds: 1 }));
  await registry.join(fences, "client");
  expect(await usedBy(registry, "all")).toBe(2);
  await runInDurableObject(registry, (instance) => instance.alarm());
  expect(await usedBy(registry, "all")).toBe(0);
});
