import { describe, expect, it } from "vitest";
import type { AuditEvent } from "../../src/audit/audit-event.ts";
import { traceWithoutRequest } from "../../src/audit/audit-event.ts";
import type { Fence } from "../../src/revocation/fence.ts";
import { act, type SignalEffects } from "../../src/signals/act.ts";
import { trustedIdpSchema } from "../../src/trust/trusted-idp.ts";
import { idpDocument } from "../support/documents.ts";

const idp = trustedIdpSchema.parse(idpDocument({ signals: {} }));
const RISC = "https://schemas.openid.net/secevent/risc/event-type/";
const CAEP = "https://schemas.openid.net/secevent/caep/event-type/";

async function actOn(type: string, countCutOff: SignalEffects["countCutOff"]) {
  const done: string[] = [];
  const [joined, recorded]: [Fence[], AuditEvent[]] = [[], []];
  const subjectId = { format: "iss_sub", iss: idp.issuer, sub: "ada" };
  const event = { idp, keyId: "k1", id: "set-1", type, subjectId, payload: {}, atMilliseconds: 5_000 };
  await act(event, traceWithoutRequest(6_000), {
    findAccountByEmail: async () => null,
    join: async (fences, issuer) => {
      done.push(`joined for ${issuer}`);
      joined.push(...fences);
    },
    note: async () => undefined,
    countCutOff: (named) => {
      done.push(`counted ${JSON.stringify(named)}`);
      return countCutOff(named);
    },
    record: async (one) => {
      done.push("recorded");
      recorded.push(one);
    },
  });
  return { done, joined, recorded };
}

describe("what an event has done", () => {
  it("is on record with who said it, by which key, and how many tokens it cut off, once it is done", async () => {
    const { done, recorded } = await actOn(`${RISC}account-disabled`, async () => 3);
    const named = JSON.stringify({ issuer: idp.issuer, subject: "ada" });
    expect(done).toEqual([`joined for ${idp.issuer}`, `counted ${named}`, "recorded"]);
    expect(recorded).toMatchObject([
      {
        type: "revocation",
        action: "revoked",
        decision: "done",
        operation: "account-disabled",
        issuer: idp.issuer,
        subject: "ada",
        key_id: "k1",
        count: 3,
      },
    ]);
  });

  it("is on record too where nobody can say how many", async () => {
    const { joined, recorded } = await actOn(`${CAEP}session-revoked`, async () => null);
    expect(joined).toMatchObject([{ notBeforeMilliseconds: 5_000 }]);
    expect(recorded).toMatchObject([{ operation: "session-revoked", count: null }]);
  });
});
