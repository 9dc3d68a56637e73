import { describe, expect, it } from "vitest";
import type { IdJag, Presented } from "../../../src/redemption/assertion.ts";
import { resource } from "../../../src/redemption/checks/resource.ts";
import { type Members, permitRule, RESOURCE, resourceDocument } from "../../support/documents.ts";
import { type Documents, makeClient, makeDependencies, makeIdJag, NOW, reasonOf } from "../../support/redemption.ts";

const SECOND = "https://crossgate.example/mcp/calendar";
const FOREIGN = "https://foreign.example/mcp";

interface Case {
  readonly asserted?: IdJag["assertedResources"];
  readonly requested?: string | null;
  readonly registered?: readonly string[];
  readonly rules?: readonly Members[];
  readonly documents?: Documents;
  readonly proved?: boolean;
}

const others = { resource: [resourceDocument({ resource: SECOND })] };
const proof = {
  thumbprint: "thumbprint",
  jti: "proof-1",
  nonce: null,
  issuedAtSeconds: NOW,
  notBeforeSeconds: null,
  expiresAtSeconds: null,
};

async function check({ asserted = null, requested = null, registered = [RESOURCE, SECOND], ...rest }: Case) {
  const client: Presented["client"] = makeClient({ resources: registered });
  const known = {
    client,
    requestedResource: requested,
    idJag: makeIdJag({ assertedResources: asserted }),
    organization: "acme",
    proof: rest.proved === true ? proof : null,
  };
  const policy = rest.rules === undefined ? {} : { policy: { rules: rest.rules } };
  return resource(known, await makeDependencies({}, { others, ...policy, ...rest.documents }));
}

const ACCEPTED: [string, Case, string][] = [
  ["the one asserted", { asserted: [RESOURCE] }, RESOURCE],
  ["the one asserted, though it is asserted twice", { asserted: [SECOND, SECOND] }, SECOND],
  ["the requested one of several asserted", { asserted: [RESOURCE, SECOND], requested: SECOND }, SECOND],
  ["the one asserted and requested alike", { asserted: [SECOND], requested: SECOND }, SECOND],
  ["the requested one, when none is asserted", { requested: SECOND }, SECOND],
  ["the only one that policy and registration leave, when none is named at all", {}, RESOURCE],
  [
    "the only one registered, when policy names two",
    { registered: [SECOND], rules: [permitRule({ resources: [RESOURCE, SECOND] })] },
    SECOND,
  ],
];

describe("resource", () => {
  it.each(ACCEPTED)("finds %s [JAG-R-22]", async (_what, given, identifier) => {
    const found = await check(given);
    expect(found.resource.resource).toBe(identifier);
    expect(found.resourceRevision).toBe("resource-revision");
  });

  it.each<[string, Case, string]>([
    ["a foreign one asserted", { asserted: [FOREIGN] }, "resource_foreign"],
    [
      "a foreign one asserted beside ours, which is never dropped",
      { asserted: [RESOURCE, FOREIGN], requested: RESOURCE },
      "resource_foreign",
    ],
    ["ours with a slash more", { asserted: [`${RESOURCE}/`] }, "resource_foreign"],
    ["ours in other letters", { asserted: [RESOURCE.toUpperCase()] }, "resource_foreign"],
    [
      "a disabled one asserted",
      { asserted: [RESOURCE], documents: { resource: { enabled: false } } },
      "resource_foreign",
    ],
    ["a foreign one requested", { requested: FOREIGN }, "resource_unknown"],
    [
      "a disabled one requested",
      { requested: RESOURCE, documents: { resource: { enabled: false } } },
      "resource_unknown",
    ],
    ["one requested and another asserted", { asserted: [RESOURCE], requested: SECOND }, "resource_unknown"],
    ["an empty string requested", { requested: "" }, "resource_unknown"],
    ["two asserted and none requested", { asserted: [RESOURCE, SECOND] }, "resource_required"],
    [
      "none named where policy names two",
      { rules: [permitRule({ resources: [RESOURCE, SECOND] })] },
      "resource_required",
    ],
    ["none named where policy names none", { rules: [permitRule({ resources: [] })] }, "resource_required"],
    [
      "none named where policy says any, which names none",
      { rules: [permitRule({ resources: "any" })] },
      "resource_required",
    ],
    [
      "none named where policy speaks of another client",
      { rules: [permitRule({ clients: ["another"] })] },
      "resource_required",
    ],
    ["none named where the client is registered for none", { registered: [] }, "resource_required"],
    ["none named where there is no policy", { documents: { policy: null } }, "policy_absent"],
    [
      "one that the client is not registered for",
      { asserted: [RESOURCE], registered: [SECOND] },
      "resource_not_for_client",
    ],
    [
      "one for a client that is registered for none: an empty list is nothing",
      { asserted: [RESOURCE], registered: [] },
      "resource_not_for_client",
    ],
    [
      "no proof where the resource demands one",
      { asserted: [RESOURCE], documents: { resource: { dpop_required: true } } },
      "proof_missing",
    ],
  ])("refuses %s [JAG-R-20, JAG-R-21, R8707-01, T9068-06, EMA-15]", async (_what, given, reason) => {
    expect(await reasonOf(() => check(given))).toBe(reason);
  });

  it("accepts a proof where the resource demands one (ID-JAG §9.8.1.2.4)", async () => {
    const given = { asserted: [RESOURCE], proved: true, documents: { resource: { dpop_required: true } } };
    expect(await reasonOf(() => check(given))).toBe("accepted");
  });
});
