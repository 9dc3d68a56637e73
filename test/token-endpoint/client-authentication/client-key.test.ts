import { describe, expect, it, vi } from "vitest";
import { findClientKey } from "../../../src/token-endpoint/client-authentication/client-key.ts";
import type { ClientMetadata } from "../../../src/trust/client-metadata.ts";
import type { KeySource } from "../../../src/trust/key-source.ts";
import { clientDocument, type Members } from "../../support/documents.ts";
import { parseDocument } from "../../support/redemption.ts";

const CLIENT_ID = "https://agent.example/client.json";
const IN_RECORD: KeySource = { kind: "remote", jwksUri: "https://agent.example/registered" };
const IN_DOCUMENT: KeySource = { kind: "remote", jwksUri: "https://agent.example/published" };
const WANTED = { kid: "one", alg: "ES256" } as const;

function sources(metadata: ClientMetadata | null) {
  return { findMetadata: vi.fn(async () => metadata), findKey: vi.fn(async () => "no_key" as const) };
}

function client(authentication: Members) {
  return parseDocument("client", CLIENT_ID, clientDocument({ client_id: CLIENT_ID, authentication }));
}

const registered = client({ methods: ["private_key_jwt"], key_set: { jwks_uri: "https://agent.example/registered" } });
const published = client({ methods: ["private_key_jwt"], metadata_document: true });

describe("a client's key", () => {
  it("comes from its record, and then nothing is fetched", async () => {
    const uses = sources(null);
    await findClientKey(registered, WANTED, uses);
    expect(uses.findKey).toHaveBeenCalledExactlyOnceWith(CLIENT_ID, IN_RECORD, WANTED);
    expect(uses.findMetadata).not.toHaveBeenCalled();
  });

  it("comes from its metadata document where the record says so", async () => {
    const uses = sources({ keySource: IN_DOCUMENT, algorithm: null });
    await findClientKey(published, WANTED, uses);
    expect(uses.findMetadata).toHaveBeenCalledExactlyOnceWith(CLIENT_ID, "one");
    expect(uses.findKey).toHaveBeenCalledExactlyOnceWith(CLIENT_ID, IN_DOCUMENT, WANTED);
  });

  it("is not looked for where the document cannot be used", async () => {
    expect(await findClientKey(published, WANTED, sources(null))).toBe("metadata_invalid");
  });

  it("is none under another algorithm than the document names", async () => {
    const uses = sources({ keySource: IN_DOCUMENT, algorithm: "RS256" });
    expect(await findClientKey(published, WANTED, uses)).toBe("no_key");
    expect(uses.findKey).not.toHaveBeenCalled();
  });
});
