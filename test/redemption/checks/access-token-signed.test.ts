import { describe, expect, it } from "vitest";
import { Outage } from "../../../src/audit/reason.ts";
import { accessTokenSigned } from "../../../src/redemption/checks/access-token-signed.ts";
import { type AccessTokenContents, SealedAccessToken } from "../../../src/redemption/sealed-access-token.ts";
import { CROSSGATE, IDP, RESOURCE } from "../../support/documents.ts";
import { ATTEMPT, makeIdJag, makePresented, makeResource, NOW } from "../../support/redemption.ts";

const actor = { sub: "agent-7", iss: null, claim: { sub: "agent-7" } };
const authentication = { authTimeSeconds: NOW - 900, acr: "mfa", amr: ["pwd", "otp"] };
const known = {
  ...makePresented(),
  idJag: makeIdJag({ actor, authentication }),
  proof: null,
  signingKeyId: "idp-key",
  organization: "acme",
  resource: makeResource(),
  subject: { issuer: IDP, tenant: null, sub: "user-ada", account: null, principal: "usr_ada" },
  grantedScope: new Set(["files:read"]),
  tokenLifetimeSeconds: 120,
  policyFacts: { groups: ["engineers"], emailDomain: null, asked: "asked-1" },
  policyRevision: "policy-1",
  grantedDetails: [],
};
const proof = {
  thumbprint: "thumbprint-of-the-proof",
  jti: "p",
  nonce: null,
  issuedAtSeconds: NOW,
  notBeforeSeconds: null,
  expiresAtSeconds: null,
};
const uses = {
  signAccessToken: async ({ tokenId }: AccessTokenContents) => new SealedAccessToken("signed", tokenId, "key-1"),
};

describe("access_token_signed", () => {
  it("describes the token from what was decided, and from nothing that was asked for", async () => {
    const { contents } = await accessTokenSigned(known, uses);
    expect(contents).toEqual({
      authorizationDetails: [],
      authorizationDetailsHash: null,
      tokenId: ATTEMPT,
      tokenAudience: RESOURCE,
      clientId: "agent",
      subject: known.subject,
      organization: "acme",
      scope: new Set(["files:read"]),
      actor,
      authentication,
      policyFacts: known.policyFacts,
      policyRevision: "policy-1",
      assertion: { issuedAtSeconds: known.idJag.issuedAtSeconds, keyId: "idp-key" },
      confirmedKey: null,
      issuedAtSeconds: NOW,
      expiresAtSeconds: NOW + 120,
    });
  });

  it("is for the resource and never for us, whom the assertion was for", async () => {
    const { contents } = await accessTokenSigned(known, uses);
    expect(contents.tokenAudience).not.toBe(CROSSGATE);
  });

  it("is bound to the key of the proof", async () => {
    const { contents } = await accessTokenSigned({ ...known, proof }, uses);
    expect(contents.confirmedKey).toBe("thumbprint-of-the-proof");
  });

  it("gives a token that nobody can read", async () => {
    const { sealed } = await accessTokenSigned(known, uses);
    expect(`${JSON.stringify(sealed)} ${String(sealed)}`).not.toContain("signed");
  });

  it("lets an outage of the signer through as it is", async () => {
    const outage = new Outage("signer_unavailable");
    const failing = { signAccessToken: () => Promise.reject(outage) };
    await expect(accessTokenSigned(known, failing)).rejects.toBe(outage);
  });
});
