import { beforeAll, describe, expect, it } from "vitest";
import { Outage, type OutageReason, type Reason } from "../../src/audit/reason.ts";
import { redemption } from "../../src/redemption/redemption.ts";
import { Rejected } from "../../src/redemption/rejection.ts";
import { RESOURCE } from "../support/documents.ts";
import { type DpopKey, makeDpopKey, makeProof } from "../support/dpop.ts";
import { ATTEMPT, NOW, redeem, type Scenario, SEALED } from "../support/redemption.ts";
import { makeTestKey, type TestKey } from "../support/test-idp.ts";

interface Fault {
  readonly scenario: Scenario;
  readonly reason: Reason;
}

let stranger: TestKey;
let dpopKey: DpopKey;
let goodProof: string;

beforeAll(async () => {
  stranger = await makeTestKey("ES256");
  dpopKey = await makeDpopKey();
  goodProof = await makeProof(dpopKey, NOW);
});

/**
 * For every check the one fault that it is there to find; null for a check that can refuse nothing. A check without an
 * entry fails the test below, and each entry must be found alone and together with every fault that comes later.
 */
const FAULTS: Record<string, (() => Fault) | null> = {
  assertion_well_formed: () => ({
    scenario: { header: { jku: "https://keys.evil.example/" } },
    reason: "assertion_malformed",
  }),
  assertion_type: () => ({ scenario: { header: { typ: "JWT" } }, reason: "assertion_type" }),
  issuer_trusted: () => ({ scenario: { claims: { iss: "https://idp.evil.example" } }, reason: "issuer_not_trusted" }),
  tenant: () => ({ scenario: { claims: { aud_tenant: "globex" } }, reason: "tenant_not_bound" }),
  algorithm_allowed: () => ({
    scenario: { documents: { idp: { algorithms: ["PS256"] } } },
    reason: "algorithm_not_allowed",
  }),
  signature: () => ({ scenario: { signer: stranger }, reason: "signature_invalid" }),
  claims_well_formed: () => ({ scenario: { claims: { jti: 1 } }, reason: "claims_malformed" }),
  audience: () => ({ scenario: { claims: { aud: "https://elsewhere.example" } }, reason: "assertion_audience" }),
  acceptance_window: () => ({ scenario: { claims: { iat: NOW - 900, exp: NOW - 600 } }, reason: "assertion_expired" }),
  client_continuity: () => ({ scenario: { claims: { client_id: "another" } }, reason: "client_mismatch" }),
  proof_of_possession: () => ({ scenario: { presented: { dpopProof: "not.a.proof" } }, reason: "proof_malformed" }),
  resource: () => ({
    scenario: { claims: { resource: [RESOURCE, "https://foreign.example/mcp"] } },
    reason: "resource_foreign",
  }),
  scope: () => ({ scenario: { presented: { requestedScope: "files:delete" } }, reason: "scope_empty" }),
  authorization_details: () => ({
    scenario: { claims: { authorization_details: [] } },
    reason: "authorization_details_malformed",
  }),
  subject: () => ({
    scenario: { documents: { idp: { subject_resolution: { mode: "strict" } } } },
    reason: "subject_unknown",
  }),
  policy: () => ({ scenario: { documents: { policy: { rules: [] } } }, reason: "policy_no_rule" }),
  access_token_signed: () => ({
    scenario: { dependencies: { signAccessToken: unavailable("signer_unavailable") } },
    reason: "signer_unavailable",
  }),
  proof_unused: () => ({
    scenario: { presented: { dpopProof: goodProof }, dependencies: { consumeProof: async () => "replayed" } },
    reason: "proof_replayed",
  }),
  single_use: () => ({
    scenario: { dependencies: { consumeAssertion: async () => "replayed" } },
    reason: "assertion_replayed",
  }),
};

function unavailable(reason: OutageReason): () => Promise<never> {
  return () => Promise.reject(new Outage(reason));
}

function faultOf(name: string): Fault {
  const fault = FAULTS[name];
  if (!fault) throw new TypeError(`${name} has no fault`);
  return fault();
}

/** `first` wins where both spoil the same thing, so that its fault is whole. */
function merge(first: Scenario, second: Scenario): Scenario {
  return {
    ...second,
    ...first,
    claims: { ...second.claims, ...first.claims },
    header: { ...second.header, ...first.header },
    presented: { ...second.presented, ...first.presented },
    documents: { ...second.documents, ...first.documents },
    dependencies: { ...second.dependencies, ...first.dependencies },
  };
}

const refusing = redemption.order.filter((name) => FAULTS[name] !== null);
const pairs = refusing.flatMap((first, index) =>
  refusing.slice(index + 1).map((later): [string, string] => [first, later]),
);

describe("the order of checks", () => {
  it("is the order of the design", () => {
    expect(redemption.order).toEqual([
      "assertion_well_formed",
      "assertion_type",
      "issuer_trusted",
      "tenant",
      "algorithm_allowed",
      "signature",
      "claims_well_formed",
      "audience",
      "acceptance_window",
      "client_continuity",
      "proof_of_possession",
      "resource",
      "scope",
      "authorization_details",
      "subject",
      "policy",
      "access_token_signed",
      "proof_unused",
      "single_use",
    ]);
  });

  it("has a fault in this table for every check, and none for a check that is gone [EMA-11, J8725-02, A7521-01]", () => {
    expect(Object.keys(FAULTS)).toEqual(redemption.order);
  });
});

describe("one fault", () => {
  it.each(refusing)("of %s is found there, with its reason, and costs no assertion", async (name) => {
    const { scenario, reason } = faultOf(name);
    const { outcome, consumeAssertion } = await redeem(scenario);
    expect(outcome).toMatchObject({ completed: false, refusedAt: name, reason });
    expect(consumeAssertion).toHaveBeenCalledTimes(name === "single_use" ? 1 : 0);
  });
});

describe("two faults", () => {
  it.each(pairs)("of %s and %s: the earlier check speaks, and the assertion is not consumed", async (first, later) => {
    const { scenario, reason } = faultOf(first);
    const { outcome, consumeAssertion } = await redeem(merge(scenario, faultOf(later).scenario));
    expect(outcome).toMatchObject({ completed: false, refusedAt: first, reason });
    expect(consumeAssertion).not.toHaveBeenCalled();
  });
});

describe("a redemption that succeeds", () => {
  it("grants what was asserted, for the one resource, to the client that presented it [CHN-01]", async () => {
    const { outcome, consumeAssertion, consumeProof } = await redeem();
    if (!outcome.completed) throw new Error(outcome.reason);
    expect(outcome.known.contents).toMatchObject({
      tokenId: ATTEMPT,
      tokenAudience: RESOURCE,
      clientId: "agent",
      organization: "acme",
      scope: new Set(["files:read", "files:write"]),
      actor: null,
      confirmedKey: null,
      issuedAtSeconds: NOW,
      expiresAtSeconds: NOW + 300,
    });
    expect(consumeAssertion).toHaveBeenCalledTimes(1);
    expect(consumeProof).not.toHaveBeenCalled();
  });

  it("hands out a receipt that opens the sealed token", async () => {
    const { outcome } = await redeem();
    if (!outcome.completed) throw new Error(outcome.reason);
    expect(outcome.known.sealed.open(outcome.known.receipt)).toBe(SEALED);
  });

  it("tells the ledger everything that the decision rests on", async () => {
    const { consumeAssertion } = await redeem({ claims: { jti: "jti-of-this-one" } });
    const [decided] = consumeAssertion.mock.calls[0] ?? [];
    expect(decided).toMatchObject({
      attemptId: ATTEMPT,
      clientRevision: "client-revision",
      idpRevision: "idp-revision",
      idpTenant: null,
      organization: "acme",
      idJag: { jti: "jti-of-this-one", issuer: "https://idp.example.com", sub: "user-ada" },
      window: { acceptedUntilSeconds: NOW + 330, retainUntilSeconds: NOW + 420 },
      resourceRevision: "resource-revision",
      policyRules: ["agent-reads-files"],
      policyRevision: "policy-revision",
      contents: { tokenId: ATTEMPT },
    });
  });

  it("binds the token to the key of a proof, and spends the proof before the assertion", async () => {
    const scenario = { claims: { cnf: { jkt: dpopKey.thumbprint } }, presented: { dpopProof: goodProof } };
    const { outcome, consumeAssertion, consumeProof } = await redeem(scenario);
    if (!outcome.completed) throw new Error(outcome.reason);
    expect(outcome.known.contents.confirmedKey).toBe(dpopKey.thumbprint);
    const [proofAt = Infinity] = consumeProof.mock.invocationCallOrder;
    const [assertionAt = 0] = consumeAssertion.mock.invocationCallOrder;
    expect(proofAt).toBeLessThan(assertionAt);
  });
});

const OUTAGES: [dependency: string, at: string, reason: OutageReason, scenario: () => Scenario][] = [
  [
    "findIdp",
    "issuer_trusted",
    "trust_unavailable",
    () => ({ dependencies: { findIdp: unavailable("trust_unavailable") } }),
  ],
  ["findKey", "signature", "keys_unavailable", () => ({ dependencies: { findKey: unavailable("keys_unavailable") } })],
  [
    "acceptsNonce",
    "proof_of_possession",
    "signer_unavailable",
    () => ({ presented: { dpopProof: goodProof }, dependencies: { acceptsNonce: unavailable("signer_unavailable") } }),
  ],
  [
    "findResource",
    "resource",
    "trust_unavailable",
    () => ({ dependencies: { findResource: unavailable("trust_unavailable") } }),
  ],
  [
    "resolveSubject",
    "subject",
    "accounts_unavailable",
    () => ({
      documents: { idp: { subject_resolution: { mode: "strict" } } },
      dependencies: { resolveSubject: unavailable("accounts_unavailable") },
    }),
  ],
  [
    "findPolicy",
    "policy",
    "trust_document_invalid",
    () => ({ dependencies: { findPolicy: unavailable("trust_document_invalid") } }),
  ],
  [
    "signAccessToken",
    "access_token_signed",
    "signer_unavailable",
    () => ({ dependencies: { signAccessToken: unavailable("signer_unavailable") } }),
  ],
  [
    "consumeProof",
    "proof_unused",
    "ledger_unavailable",
    () => ({ presented: { dpopProof: goodProof }, dependencies: { consumeProof: unavailable("ledger_unavailable") } }),
  ],
];

describe("an outage", () => {
  it.each(OUTAGES)(
    "of %s is told as one, at %s, and costs no assertion [JAG-R-13]",
    async (_dependency, at, reason, scenario) => {
      const { outcome, consumeAssertion } = await redeem(scenario());
      expect(outcome).toMatchObject({ completed: false, kind: "outage", refusedAt: at, reason });
      expect(consumeAssertion).not.toHaveBeenCalled();
    },
  );

  it.each(["ledger_unavailable", "ledger_overloaded", "audit_backlog"] as const)(
    "of the ledger (%s) is never reported as a replay, and gives no receipt",
    async (reason) => {
      const { outcome } = await redeem({ dependencies: { consumeAssertion: unavailable(reason) } });
      expect(outcome).toMatchObject({ completed: false, kind: "outage", refusedAt: "single_use", reason });
      expect(outcome.known).not.toHaveProperty("receipt");
    },
  );
});

describe("a fault of ours", () => {
  const dependencies = ["findIdp", "findKey", "findResource", "findPolicy", "signAccessToken"] as const;

  it.each(dependencies)("in %s is neither a refusal nor an outage, and costs no assertion", async (name) => {
    const error = new Error("a bug");
    const { outcome, consumeAssertion } = await redeem({ dependencies: { [name]: () => Promise.reject(error) } });
    expect(outcome).toMatchObject({ completed: false, kind: "fault", reason: "fault", cause: error });
    expect(consumeAssertion).not.toHaveBeenCalled();
  });

  it("in the ledger gives no receipt", async () => {
    const consumeAssertion = (): Promise<never> => Promise.reject(new Error("a bug"));
    const { outcome } = await redeem({ dependencies: { consumeAssertion } });
    expect(outcome).toMatchObject({ completed: false, kind: "fault", refusedAt: "single_use" });
    expect(outcome.known).not.toHaveProperty("receipt");
  });
});

describe("what a refusal says", () => {
  it.each(refusing)("at %s holds nothing of the assertion", async (name) => {
    const { outcome } = await redeem(
      merge(faultOf(name).scenario, { claims: { sub: "canary-subject", email: "canary@example.com" } }),
    );
    if (outcome.completed) throw new Error("granted");
    expect(`${String(outcome.cause)} ${JSON.stringify(outcome.cause)}`).not.toMatch(/canary|eyJ/);
  });

  it("keeps what earlier checks had established for the record, and nothing of later ones", async () => {
    const { outcome } = await redeem(faultOf("client_continuity").scenario);
    expect(outcome.known).toMatchObject({
      idJag: { clientId: "another" },
      organization: "acme",
      idpRevision: "idp-revision",
    });
    expect(outcome.known).not.toHaveProperty("resource");
  });

  it("knows no claims while the signature does not hold", async () => {
    const { outcome } = await redeem(faultOf("signature").scenario);
    expect(outcome.known).not.toHaveProperty("idJag");
    expect(outcome.known).not.toHaveProperty("claims");
  });

  it("is a refusal only when a check refused", async () => {
    const { outcome } = await redeem(faultOf("audience").scenario);
    if (outcome.completed) throw new Error("granted");
    expect(outcome.kind).toBe("refusal");
    expect(outcome.cause).toBeInstanceOf(Rejected);
  });
});
