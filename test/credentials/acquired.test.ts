import { describe, expect, it } from "vitest";
import type { Acquired, TokenAsked } from "../../durable-objects/acquisition.ts";
import { acquiredSupplier } from "../../src/credentials/acquired.ts";
import { CredentialRefused } from "../../src/credentials/credential-refused.ts";
import { Credentials } from "../../src/credentials/credentials.ts";
import type { CredentialAsked, SuppliedCredential } from "../../src/credentials/supplied.ts";
import { askedOf } from "../support/credentials.ts";
import { IDP, type Members, ORGANIZATION, RESOURCE } from "../support/documents.ts";

const CLIENT = { client_id: "us", method: "client_secret_basic", secret: "client-secret" };
const AS = "https://as.example.net";
const CLIENT_CREDENTIALS = { type: "client_credentials", authorization_server: AS, ...CLIENT };
const XAA = { type: "xaa", idp: IDP, idp_client: CLIENT, authorization_server: AS, client: CLIENT };
const EXCHANGE = { type: "token_exchange", authorization_server: AS, ...CLIENT };
const CODE = { type: "authorization_code", authorization_server: AS, client: { kind: "metadata_document" } };
const ACQUIRED: Acquired = {
  outcome: "acquired",
  token: "at-1",
  kid: "kek-1",
  issuedAtMilliseconds: 0,
  expiresAtMilliseconds: 1,
};

/** Of types that are told about elsewhere. */
const another = (): Promise<never> => Promise.reject(new CredentialRefused("upstream_refused_us"));

function suppliedWith(answer: Acquired) {
  const questions: TokenAsked[] = [];
  const audiences: string[] = [];
  const uses = {
    acquire: async (wanted: TokenAsked) => {
      questions.push(wanted);
      return answer;
    },
    identify: async ({ caller }: CredentialAsked, audience: string) => {
      audiences.push(audience);
      return { token: `jwt-about-${caller.principal}`, says: caller.scope.join() };
    },
  };
  const credentials = new Credentials({
    none: another,
    secret: another,
    identity: another,
    client_credentials: acquiredSupplier(uses),
    token_exchange: acquiredSupplier(uses),
    authorization_code: acquiredSupplier(uses),
    xaa: acquiredSupplier(uses),
  });
  const supply = (credential: Members, changes: Partial<CredentialAsked> = {}): Promise<SuppliedCredential> =>
    credentials.supply(askedOf(credential, changes));
  return { supply, questions, audiences };
}

describe("a token of the upstream's authorization server", () => {
  it.each([XAA, EXCHANGE, CODE])("is the caller's own, by his verified token: $type", async (credential) => {
    const { supply, questions } = suppliedWith(ACQUIRED);
    const { headers, facts } = await supply(credential);
    expect([...headers]).toEqual([["authorization", "Bearer at-1"]]);
    expect(facts).toEqual({ type: credential.type, upstreamHost: "files.example.net", kid: "kek-1" });
    expect(questions).toMatchObject([
      {
        owner: { organization: ORGANIZATION, owner: "usr_ada" },
        resource: RESOURCE,
        resourceRevision: "revision-1",
        upstream: askedOf(credential).resource.upstream,
        credential,
        issuer: IDP,
        isRefused: false,
      },
    ]);
  });

  it("is the deployment's for client_credentials, and no organization's", async () => {
    const { supply, questions } = suppliedWith({ ...ACQUIRED, kid: null });
    expect((await supply(CLIENT_CREDENTIALS)).facts.kid).toBeNull();
    expect(questions[0]?.owner).toEqual({ organization: "", owner: `resource:${RESOURCE}` });
  });

  it("is another one when the upstream has refused the first", async () => {
    const { supply, questions } = suppliedWith(ACQUIRED);
    await supply(XAA, { isRefused: true });
    expect(questions[0]?.isRefused).toBe(true);
  });

  it("is exchanged for a token about the caller, made for who exchanges it, and for nobody else's exchange", async () => {
    const { supply, questions, audiences } = suppliedWith(ACQUIRED);
    await supply(EXCHANGE);
    expect(questions[0]?.identity).toEqual({ token: "jwt-about-usr_ada", says: "files:read" });
    await supply({ ...EXCHANGE, subject_token: "idp_token" });
    await supply(XAA);
    expect(questions.slice(1).map(({ identity }) => identity)).toEqual([null, null]);
    expect(audiences).toEqual([AS]);
  });

  it("is refused or an outage as the vault says, and neither is the other", async () => {
    const lost = suppliedWith({ outcome: "refused", reason: "connection_lost" }).supply(XAA);
    await expect(lost).rejects.toBeInstanceOf(CredentialRefused);
    await expect(lost).rejects.toMatchObject({ reason: "connection_lost" });
    const reason = "upstream_authorization_server_unavailable";
    const outage = suppliedWith({ outcome: "unavailable", reason }).supply(XAA);
    await expect(outage).rejects.toMatchObject({ name: "Outage", reason });
  });

  it("goes into no header when it would break out of it", async () => {
    const { supply } = suppliedWith({ ...ACQUIRED, token: "a\r\nx: y" });
    await expect(supply(XAA)).rejects.toMatchObject({ reason: "credential_unusable" });
  });
});
