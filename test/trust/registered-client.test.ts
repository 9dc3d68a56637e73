import { describe, expect, it, vi } from "vitest";
import { Outage } from "../../src/audit/reason.ts";
import type { Client } from "../../src/trust/client.ts";
import { findRegisteredClient } from "../../src/trust/registered-client.ts";
import type { Revised } from "../../src/trust/trust-store.ts";
import { clientDocument, type Members } from "../support/documents.ts";
import { parseDocument } from "../support/redemption.ts";

const URL_OF_AGENT = "https://agents.example/teams/red/agent.json";

function record(name: string, overrides: Members = {}): Revised<Client> {
  const authentication = { methods: ["private_key_jwt"], metadata_document: true };
  const document = clientDocument({ client_id: name, name: `record ${name}`, authentication, ...overrides });
  return { document: parseDocument("client", name, document), revision: `revision of ${name}` };
}

function recordsOf(...names: readonly string[]) {
  const records = new Map(names.map((name) => [name, record(name)]));
  return vi.fn(async (name: string) => records.get(name) ?? null);
}

describe("the record that governs a client", () => {
  it("is its own where it has one, and then nothing else is read", async () => {
    const find = recordsOf(URL_OF_AGENT, "https://agents.example/*");
    expect(await findRegisteredClient(URL_OF_AGENT, find)).toMatchObject({ revision: `revision of ${URL_OF_AGENT}` });
    expect(find).toHaveBeenCalledTimes(1);
  });

  it("is otherwise the longest pattern that covers it", async () => {
    const find = recordsOf("https://agents.example/*", "https://agents.example/teams/*");
    const found = await findRegisteredClient(URL_OF_AGENT, find);
    expect(found?.revision).toBe("revision of https://agents.example/teams/*");
    expect(found?.document.name).toBe("record https://agents.example/teams/*");
  });

  // Client continuity, policy, revocation and the record all speak of the client, never of the family.
  it("leaves the client its own name", async () => {
    const found = await findRegisteredClient(URL_OF_AGENT, recordsOf("https://agents.example/*"));
    expect(found?.document.client_id).toBe(URL_OF_AGENT);
  });

  it.each([
    "https://agents.example/*",
    "https://other.example/agent.json",
    "https://agents.example:8443/agent.json",
    "https://agents.example.evil.example/agent.json",
    "http://agents.example/agent.json",
    "https://agents.example",
    "https://agents.example/teams/../agent.json",
    "https://agents.example/agent.json?x",
    "agents.example/agent.json",
  ])("is none for %s", async (clientId) => {
    expect(await findRegisteredClient(clientId, recordsOf("https://agents.example/*"))).toBeNull();
  });

  it("is never looked for more than five times", async () => {
    const find = recordsOf();
    await findRegisteredClient("https://agents.example/a/b/c/d/e/f/agent.json", find);
    expect(find).toHaveBeenCalledTimes(5);
  });

  // A broken record fails closed for what it governs; the broader one must not stand in for it, nor fall with it.
  it("is an outage while it is broken, and no other is", async () => {
    const find = async (name: string) => {
      if (name === "https://agents.example/teams/*") throw new Outage("trust_document_invalid");
      return name === "https://agents.example/*" || name.includes("/red/*") ? record(name) : null;
    };
    await expect(findRegisteredClient("https://agents.example/teams/blue/agent.json", find)).rejects.toThrow(
      "trust_document_invalid",
    );
    expect((await findRegisteredClient(URL_OF_AGENT, find))?.revision).toContain("/red/*");
    expect((await findRegisteredClient("https://agents.example/agent.json", find))?.revision).toContain(".example/*");
  });
});
