import { decide } from "../src/policy/decide.ts";
import type { PolicyRequest } from "../src/policy/policy-request.ts";
import { parseTrustDocument } from "../src/trust/documents.ts";
import { PARTIES } from "./assertions.ts";
import { CLIENT_ID, type Deployment, groupName, policyDocument, type PolicyKind } from "./deployment.ts";
import { median, percentilesOf } from "./statistics.ts";

export interface PolicyCost {
  readonly rules: number;
  /** By what every fifth rule nearly matches: a subject, one of fifty groups, an expression. */
  readonly kind: PolicyKind;
  /** Values of group selectors in it, all told. */
  readonly groupValues: number;
  readonly decisionMicroseconds: number;
  /** Of decisions timed one by one, by a clock that has a resolution of its own. */
  readonly decisionP99Microseconds: number;
  /** Once for each text of the document that an isolate meets. */
  readonly parseMilliseconds: number;
  readonly documentKilobytes: number;
}

const PERSONS_GROUPS = 20;
const RULE_COUNTS = [10, 100, 1000];
const CALLS = 1000;
const BATCHES = 7;
const BATCH_MILLISECONDS = 12;

/** In Node, whose engine is the runtime's: the decision is a pure function and needs nothing else. */
export function measurePolicy({ resource, issuer }: Deployment): PolicyCost[] {
  const rules = { ownHost: new URL(issuer).hostname, allowsLoopback: false };
  const cases = (["lists", "groups", "expressions"] as const).flatMap((kind) =>
    RULE_COUNTS.map((count) => ({ kind, count })),
  );
  return cases.map(({ kind, count }) => {
    const entry = { name: "acme", text: JSON.stringify(policyDocument(count, resource, kind)) };
    const policy = parseTrustDocument("policy", entry, rules);
    const request = requestFor(resource);
    if (decide(policy, request).effect !== "permit") throw new Error("the policy of the bench must permit");
    return {
      rules: count,
      kind,
      groupValues: policy.rules.reduce((sum, { groups }) => sum + (groups instanceof Set ? groups.size : 0), 0),
      decisionMicroseconds: timeEach(() => decide(policy, request)) * 1000,
      decisionP99Microseconds: percentilesOf(timeOneByOne(() => decide(policy, request))).p99 * 1000,
      parseMilliseconds: timeEach(() => parseTrustDocument("policy", entry, rules)),
      documentKilobytes: entry.text.length / 1024,
    };
  });
}

function requestFor(resource: string): PolicyRequest {
  return {
    issuer: PARTIES.issuer,
    idpTenant: null,
    clientId: CLIENT_ID,
    resource,
    subject: PARTIES.subject,
    // Of a person in an ordinary directory; none of them is named by a rule.
    groups: new Set(Array.from({ length: PERSONS_GROUPS }, (_, at) => groupName(900_000 + at))),
    emailDomain: null,
    actor: null,
    acr: null,
    amr: new Set(),
    authTimeSeconds: null,
    nowSeconds: Math.floor(Date.now() / 1000),
    isKeyBound: false,
    scope: new Set(PARTIES.scope.split(" ")),
    authorizationDetailsTypes: new Set(),
  };
}

/** @returns milliseconds for each of a thousand calls. */
function timeOneByOne(work: () => unknown): readonly number[] {
  return Array.from({ length: CALLS }, () => {
    const begunAt = performance.now();
    work();
    return performance.now() - begunAt;
  });
}

/** @returns milliseconds for one call: the median of batches, each long enough for the clock, after as many unmeasured. */
function timeEach(work: () => unknown): number {
  const batch = (): number => {
    const begunAt = performance.now();
    let calls = 0;
    while (performance.now() - begunAt < BATCH_MILLISECONDS) {
      work();
      calls += 1;
    }
    return (performance.now() - begunAt) / calls;
  };
  const times = Array.from({ length: 2 * BATCHES }, batch);
  return median(times.slice(BATCHES));
}
