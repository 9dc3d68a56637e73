import { describe, expect, it } from "vitest";
import { DpopNonces } from "../../src/dpop/nonce.ts";
import { LIMITS } from "../../src/limits.ts";

const LIFETIME = LIMITS.dpopNonceLifetimeSeconds;
/** The first second of a window. */
const START = 6_000_000 * LIFETIME;
const nonces = new DpopNonces("secret");

describe("DpopNonces", () => {
  it.each<[string, number, boolean]>([
    ["at once", 0, true],
    ["at the end of its window", LIFETIME - 1, true],
    ["in the window after", LIFETIME, true],
    ["at the end of the window after", 2 * LIFETIME - 1, true],
    ["in the window after that", 2 * LIFETIME, false],
    ["a day later", 86_400, false],
    ["in the window before it was made", -1, false],
  ])("accepts a nonce %s: %s", async (_when, seconds, accepted) => {
    expect(await nonces.accepts(await nonces.current(START), START + seconds)).toBe(accepted);
  });

  it("lives for at least one lifetime, wherever in its window it was made", async () => {
    const late = START + LIFETIME - 1;
    expect(await nonces.accepts(await nonces.current(late), late + LIFETIME)).toBe(true);
  });

  it("is one nonce a window, and another in the next", async () => {
    expect(await nonces.current(START + 1)).toBe(await nonces.current(START));
    expect(await nonces.current(START + LIFETIME)).not.toBe(await nonces.current(START));
  });

  it("cannot be made without the secret, and is the same in every isolate that has it", async () => {
    expect(await nonces.accepts(await new DpopNonces("another").current(START), START)).toBe(false);
    expect(await nonces.accepts(await new DpopNonces("secret").current(START), START)).toBe(true);
  });

  it.each(["", "a", "A".repeat(43)])("accepts no %o", async (nonce) => {
    expect(await nonces.accepts(nonce, START)).toBe(false);
  });

  it("is no nonce in another spelling", async () => {
    const nonce = await nonces.current(START);
    expect(nonce).toMatch(/^[\w-]{43}$/);
    for (const respelt of [`${nonce}=`, ` ${nonce}`, nonce.toLowerCase(), nonce.slice(0, -1)]) {
      expect(await nonces.accepts(respelt, START)).toBe(false);
    }
  });
});
