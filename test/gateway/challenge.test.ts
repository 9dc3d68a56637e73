import { describe, expect, it } from "vitest";
import { challenge } from "../../src/gateway/challenge.ts";
import { makeResource } from "../support/redemption.ts";

const METADATA = "https://crossgate.example/.well-known/oauth-protected-resource/mcp/files";

describe("challenge", () => {
  it("without a token says where to learn more and what to ask for, and names no error (RFC 6750 §3)", () => {
    expect(challenge(makeResource(), { scheme: "Bearer", error: null, scopes: [], stepUp: null })).toBe(
      `Bearer scope="files:read files:write", resource_metadata="${METADATA}"`,
    );
  });

  it("asks for as little as the server's owner says [MCPA-04, MCPA-16]", () => {
    const resource = makeResource({ challenge_scopes: ["files:read"] });
    expect(challenge(resource, { scheme: "Bearer", error: "invalid_token", scopes: [], stepUp: null })).toBe(
      `Bearer error="invalid_token", scope="files:read", resource_metadata="${METADATA}"`,
    );
  });

  it("names all the scopes that an operation needs, in one challenge [MCPA-11]", () => {
    const resource = makeResource({ challenge_scopes: ["files:read"] });
    const written = challenge(resource, {
      scheme: "Bearer",
      error: "insufficient_scope",
      scopes: ["a", "b"],
      stepUp: null,
    });
    expect(written).toBe(`Bearer error="insufficient_scope", scope="a b", resource_metadata="${METADATA}"`);
  });

  it("of the DPoP scheme says which algorithms proofs may use (RFC 9449 §7.1) [P9728-04]", () => {
    const written = challenge(makeResource(), {
      scheme: "DPoP",
      error: "invalid_dpop_proof",
      scopes: [],
      stepUp: null,
    });
    expect(written).toMatch(/^DPoP error="invalid_dpop_proof", algs="ES256 [A-Za-z0-9 ]+", scope=/);
  });
});
