import { describe, expect, it } from "vitest";
import { LIMITS } from "../../../src/limits.ts";
import { readCredentials } from "../../../src/token-endpoint/client-authentication/credentials.ts";
import { reasonOf } from "../../support/redemption.ts";

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const basic = (joined: string): string => `Basic ${btoa(joined)}`;
const form = (parameters: Readonly<Record<string, string>> = {}) => new Map(Object.entries(parameters));

describe("client_secret_basic", () => {
  // RFC 6749 §2.3.1: form-encoded, then joined, then base64.
  it.each([
    ["agent:secret", "agent", "secret"],
    ["agent:se%3Acret", "agent", "se:cret"],
    ["agent:se:cret", "agent", "se:cret"],
    ["ag%3Aent:secret", "ag:ent", "secret"],
    ["a+b:c+d%2B", "a b", "c d+"],
    ["%C3%A9:%E2%82%AC", "é", "€"],
    ["https%3A%2F%2Fclient.example%2Fid:s", "https://client.example/id", "s"],
  ])("%s", (joined, clientId, secret) => {
    expect(readCredentials(basic(joined), form())).toEqual({ method: "client_secret_basic", clientId, secret });
  });

  it.each(["basic", "BASIC", "Basic  "])("has a scheme without case: %s", (scheme) => {
    const credentials = readCredentials(`${scheme} ${btoa("agent:secret")}`, form());
    expect(credentials).toMatchObject({ method: "client_secret_basic", clientId: "agent" });
  });

  it.each([
    ["another scheme", `Bearer ${btoa("agent:secret")}`],
    ["no scheme", btoa("agent:secret")],
    ["nothing", ""],
    ["no credentials", "Basic "],
    ["no colon", basic("agent")],
    ["no client id", basic(":secret")],
    ["no secret", basic("agent:")],
    ["a stray percent sign", basic("agent:100%")],
    ["bytes that are not UTF-8", basic("agent:%ff")],
    ["base64url", "Basic YWdlbnQ6c2VjcmV0_-"],
    ["two values", `${basic("agent:secret")}, ${basic("agent:secret")}`],
    ["broken base64", "Basic YWdlb"],
  ])("with %s is malformed", async (_name, authorization) => {
    expect(await reasonOf(() => readCredentials(authorization, form()))).toBe("client_credentials_malformed");
  });

  it("agrees with client_id beside it, or is malformed", async () => {
    const authorization = basic("agent:secret");
    expect(readCredentials(authorization, form({ client_id: "agent" }))).toMatchObject({ clientId: "agent" });
    const other = form({ client_id: "other" });
    expect(await reasonOf(() => readCredentials(authorization, other))).toBe("client_credentials_malformed");
  });
});

describe("client_secret_post", () => {
  it("is client_id and client_secret", () => {
    expect(readCredentials(null, form({ client_id: "agent", client_secret: "s" }))).toEqual({
      method: "client_secret_post",
      clientId: "agent",
      secret: "s",
    });
  });

  it("without client_id is malformed", async () => {
    const credentials = () => readCredentials(null, form({ client_secret: "s" }));
    expect(await reasonOf(credentials)).toBe("client_credentials_malformed");
  });
});

describe("private_key_jwt", () => {
  const assertion = { client_assertion_type: ASSERTION_TYPE, client_assertion: "a.b.c" };

  it.each([
    [assertion, null],
    [{ ...assertion, client_id: "agent" }, "agent"],
  ])("is an assertion and its type: %j [B7523-06]", (parameters, clientId) => {
    const credentials = { method: "private_key_jwt", clientId, assertion: "a.b.c" };
    expect(readCredentials(null, form(parameters))).toEqual(credentials);
  });

  it.each([
    { client_assertion: "a.b.c" },
    { client_assertion_type: ASSERTION_TYPE },
    { client_assertion: "a.b.c", client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:saml2-bearer" },
    { client_assertion: "a.b.c", client_assertion_type: ASSERTION_TYPE.toUpperCase() },
  ])("is malformed as %j", async (parameters) => {
    expect(await reasonOf(() => readCredentials(null, form(parameters)))).toBe("client_credentials_malformed");
  });
});

describe("credentials", () => {
  const offers: Readonly<Record<string, { authorization?: string; form?: Readonly<Record<string, string>> }>> = {
    basic: { authorization: basic("agent:secret") },
    post: { form: { client_id: "agent", client_secret: "secret" } },
    assertion: { form: { client_assertion_type: ASSERTION_TYPE, client_assertion: "a.b.c" } },
  };
  const names = Object.keys(offers);
  const pairs = names.flatMap((left) => names.filter((right) => right > left).map((right) => [left, right] as const));

  // F03: two at once, and the one that is checked may not be the one that is believed.
  it.each(pairs)("of two kinds at once are refused: %s and %s", async (left, right) => {
    const [first, second] = [offers[left], offers[right]];
    const authorization = first?.authorization ?? second?.authorization ?? null;
    const both = form({ ...first?.form, ...second?.form });
    expect(await reasonOf(() => readCredentials(authorization, both))).toBe("client_credentials_several");
  });

  it("that are broken are still credentials beside others", async () => {
    const both = form({ client_id: "agent", client_secret: "secret" });
    expect(await reasonOf(() => readCredentials("", both))).toBe("client_credentials_several");
  });

  it.each([{}, { client_id: "agent" }])(
    "are missing in %j: there are no public clients [JAG-L-05]",
    async (parameters) => {
      expect(await reasonOf(() => readCredentials(null, form(parameters)))).toBe("client_credentials_missing");
    },
  );

  it.each([
    [LIMITS.identifierBytes, "accepted"],
    [LIMITS.identifierBytes + 1, "client_unknown"],
  ])("of a client id of %i characters: %s", async (length, verdict) => {
    const clientId = "a".repeat(length);
    expect(await reasonOf(() => readCredentials(basic(`${clientId}:s`), form()))).toBe(verdict);
    const post = form({ client_id: clientId, client_secret: "s" });
    expect(await reasonOf(() => readCredentials(null, post))).toBe(verdict);
  });
});
