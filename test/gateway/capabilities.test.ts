import { describe, expect, it } from "vitest";
import { offerPermitted } from "../../src/gateway/capabilities.ts";
import { type CallerChanges, makeCaller } from "../support/caller.ts";
import { denyRule, permitRule } from "../support/documents.ts";

const EVERYTHING = {
  logging: {},
  completions: {},
  prompts: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  tools: { listChanged: true },
  experimental: { ours: {} },
};

function offered(changes: CallerChanges, result: object = { protocolVersion: "2025-11-25" }): unknown {
  const answer = offerPermitted({ ...result, capabilities: EVERYTHING }, makeCaller(changes));
  return answer["capabilities"];
}

const meaning = (...methods: string[]): CallerChanges => ({
  resource: { scopes: { "files:read": { description: "Some", methods } } },
  rules: [permitRule({ scopes: "any" })],
});

describe("the capabilities of a server", () => {
  it("are those for which some scope has a meaning, and what we do not know of", () => {
    expect(offered(meaning("tools/list"))).toEqual({ tools: { listChanged: true }, experimental: { ours: {} } });
    expect(offered(meaning("prompts/get"))).toEqual({ prompts: { listChanged: true }, experimental: { ours: {} } });
    expect(offered(meaning("completion/complete"))).toEqual({ completions: {}, experimental: { ours: {} } });
    expect(offered(meaning("logging/setLevel"))).toEqual({ logging: {}, experimental: { ours: {} } });
  });

  it("are tools where a scope names one", () => {
    const scopes = { "files:read": { description: "One", tools: ["read_file"] } };
    expect(offered({ resource: { scopes } })).toMatchObject({ tools: { listChanged: true } });
  });

  it("are subscriptions to resources where a scope means them, and resources without them elsewhere", () => {
    expect(offered(meaning("resources/read"))).toMatchObject({ resources: { listChanged: true } });
    expect(offered(meaning("resources/read"))).not.toHaveProperty("resources.subscribe");
    expect(offered(meaning("resources/read", "resources/subscribe"))).toHaveProperty("resources.subscribe", true);
  });

  it("are no log level for whom a rule keeps from setting one", () => {
    const rules = [permitRule({ scopes: "any" }), denyRule({ calls: { methods: ["logging/*"] } })];
    expect(offered({ ...meaning("logging/setLevel"), rules })).not.toHaveProperty("logging");
  });

  it("are logs all the same where there is no level to set (2026-07-28)", () => {
    expect(offered(meaning("tools/list"), { supportedVersions: ["2026-07-28"] })).toHaveProperty("logging");
  });

  it.each([[{}], [{ capabilities: null }], [{ capabilities: [] }], [{ capabilities: "all" }]])(
    "are left alone where there are none: %j",
    (result) => {
      expect(offerPermitted(result, makeCaller({}))).toEqual(result);
    },
  );

  it.each(["__proto__", "constructor", "toString"])("may be called %s without being taken for one of ours", (name) => {
    const capabilities = JSON.parse(`{"${name}":{}}`);
    const answer = offerPermitted({ protocolVersion: "2025-11-25", capabilities }, makeCaller({}));
    expect(JSON.stringify(answer["capabilities"])).toBe(`{"${name}":{}}`);
  });
});
