import { expect, it } from "vitest";
import { CallRefused } from "../../src/gateway/refusal.ts";

it("says why, by which rule, what would help and what the upstream said, and nothing else", () => {
  const stepUp = { acrValues: ["phr"], maximumAgeSeconds: null };
  const refused = new CallRefused("scope_insufficient", {
    neededScopes: ["a", "b"],
    stepUp,
    isKeyBindingWanted: true,
    policyRule: "rule-1",
    upstreamStatus: 302,
    connectUrl: "https://crossgate.example/connect",
  });
  expect(Object.fromEntries(Object.entries(refused))).toEqual({
    name: "CallRefused",
    held: null,
    retryAfterSeconds: null,
    reason: "scope_insufficient",
    neededScopes: ["a", "b"],
    stepUp,
    isKeyBindingWanted: true,
    policyRule: "rule-1",
    upstreamStatus: 302,
    connectUrl: "https://crossgate.example/connect",
  });
  expect(refused.message).toBe("scope_insufficient");
});

it("needs no more than a reason", () => {
  expect(new CallRefused("token_missing")).toMatchObject({ neededScopes: [], upstreamStatus: null });
});
