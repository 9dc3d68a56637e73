import { describe, expect, it } from "vitest";
import { describeNamed, parseNamed } from "../../../cli/revoke/named.ts";

const IDP = "https://idp.example.com";

describe("what is to be revoked", () => {
  it.each([
    [["subject", IDP, "ada"], { kind: "subject", issuer: IDP, subject: "ada" }],
    [["subject", IDP, "ada", "t1"], { kind: "subject", issuer: IDP, subject: "ada", tenant: "t1" }],
    [["principal", "usr_1"], { kind: "principal", principal: "usr_1" }],
    [["client", "agent"], { kind: "client", client_id: "agent" }],
    [["idp", IDP], { kind: "idp", issuer: IDP }],
    [["organization", "acme"], { kind: "organization", organization: "acme" }],
    [["resource", `${IDP}/mcp`], { kind: "resource", resource: `${IDP}/mcp` }],
    [
      ["connection", "acme", "agent", `${IDP}/mcp`],
      { kind: "connection", organization: "acme", client_id: "agent", resource: `${IDP}/mcp` },
    ],
    [["token", "jti-1"], { kind: "token", token_id: "jti-1" }],
    [["key", IDP, "kid-1"], { kind: "key", issuer: IDP, key_id: "kid-1" }],
    [["signing-key", "kid-1"], { kind: "signing_key", key_id: "kid-1" }],
  ])("%j is read and said again in the same words", (words, named) => {
    expect(parseNamed(words)).toEqual(named);
    expect(describeNamed(parseNamed(words))).toBe(words.join(" "));
  });

  it("is one connection, and no family of them, which would stop nobody", () => {
    expect(() => parseNamed(["connection", "acme", "https://agents.example.com/*", `${IDP}/mcp`])).toThrow(
      "connection: client_id: names one client",
    );
  });

  it("is nothing that has no name", () => {
    expect(() => parseNamed(["client", ""])).toThrow("client: client_id: ");
  });
});
