import { describe, expect, it } from "vitest";
import { subject } from "../../../src/redemption/checks/subject.ts";
import { IDP } from "../../support/documents.ts";
import { makeIdJag } from "../../support/redemption.ts";

describe("subject", () => {
  it("is the issuer, the tenant and the sub, and a principal of ours", async () => {
    const { subject: found } = await subject({ idJag: makeIdJag(), idpTenant: "tenant-a" });
    expect(found).toMatchObject({ issuer: IDP, tenant: "tenant-a", sub: "user-ada" });
    expect(found.principal).toMatch(/^usr_[\w-]{43}$/);
  });

  it("is the same however often the same user comes", async () => {
    const first = await subject({ idJag: makeIdJag({ jti: "1" }), idpTenant: null });
    const second = await subject({ idJag: makeIdJag({ jti: "2", hash: "another" }), idpTenant: null });
    expect(second).toEqual(first);
  });

  it.each([
    ["issuer", { issuer: "https://other.example.com" }, null],
    ["tenant", {}, "tenant-b"],
    ["sub", { sub: "user-bob" }, null],
  ])("is another one when the %s is another (ID-JAG §6.3)", async (_member, change, idpTenant) => {
    const ada = await subject({ idJag: makeIdJag(), idpTenant: null });
    const other = await subject({ idJag: makeIdJag(change), idpTenant });
    expect(other.subject.principal).not.toBe(ada.subject.principal);
  });
});
