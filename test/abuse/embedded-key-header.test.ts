import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Members } from "../support/documents.ts";
import { makeDependencies, redeem, testIdp } from "../support/redemption.ts";
import { makeTestKey, type TestKey } from "../support/test-idp.ts";

/** A03, A04: an assertion that brings its own key, or says where to fetch it. CVE-2026-27962, CVE-2026-34240. */
const CANARY = "https://canary.evil.example/keys";

const HEADERS: [string, (attacker: TestKey) => Members][] = [
  ["jwk", ({ publicJwk }) => ({ jwk: publicJwk })],
  ["jwk without a kid", ({ publicJwk }) => ({ jwk: publicJwk, kid: undefined })],
  ["a private jwk", ({ publicJwk }) => ({ jwk: { ...publicJwk, d: "AAAA" } })],
  ["a jwk that is null", () => ({ jwk: null })],
  ["a symmetric jwk", () => ({ jwk: { kty: "oct", k: "AAAA" } })],
  ["jku", () => ({ jku: CANARY })],
  ["an empty jku", () => ({ jku: "" })],
  ["the issuer's own jku", () => ({ jku: "https://idp.example.com/jwks" })],
  ["a jku on this machine", () => ({ jku: "http://127.0.0.1:1/" })],
  ["x5u", () => ({ x5u: CANARY })],
  ["x5c", () => ({ x5c: ["MIIB"] })],
  ["an empty x5c", () => ({ x5c: [] })],
  ["all of them", ({ publicJwk }) => ({ jwk: publicJwk, jku: CANARY, x5u: CANARY, x5c: ["MIIB"] })],
];

const fetched = vi.fn<typeof fetch>(() => Promise.reject(new Error("no test may fetch")));

beforeEach(() => {
  fetched.mockClear();
  vi.stubGlobal("fetch", fetched);
});

afterEach(() => {
  vi.unstubAllGlobals();
});

describe.each(HEADERS)("an assertion with %s in its header", (_what, headerOf) => {
  it.each(["the attacker", "the issuer"])(
    "signed by %s, is refused before anything is looked up or fetched",
    async (signer) => {
      const { key } = await testIdp();
      // The attacker's key carries the issuer's kid, so that nothing but the header tells the two apart.
      const attacker = await makeTestKey("ES256", key.kid);
      const { findIdp } = await makeDependencies();
      const asked = vi.fn(findIdp);
      const { outcome, consumeAssertion } = await redeem({
        header: headerOf(attacker),
        signer: signer === "the attacker" ? attacker : key,
        dependencies: { findIdp: asked },
      });
      expect(outcome).toMatchObject({ completed: false, kind: "refusal", reason: "assertion_malformed" });
      expect(consumeAssertion).not.toHaveBeenCalled();
      expect(asked).not.toHaveBeenCalled();
      expect(fetched).not.toHaveBeenCalled();
    },
  );
});

describe("header members that choose no key", () => {
  it.each<[string, Members]>([
    ["x5t", { x5t: "abc" }],
    ["x5t#S256", { "x5t#S256": "abc" }],
    ["a URL under a name that means nothing", { jwks_uri: CANARY }],
  ])("are ignored and fetch nothing: %s [JAG-R-02, J8725-05]", async (_what, header) => {
    const { outcome } = await redeem({ header });
    expect(outcome.completed).toBe(true);
    expect(fetched).not.toHaveBeenCalled();
  });
});
