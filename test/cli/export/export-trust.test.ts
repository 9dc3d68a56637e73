import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findDocumentChanges } from "../../../cli/diff/document-changes.ts";
import { exportTrust } from "../../../cli/export/export-trust.ts";
import { requireTrustDocuments } from "../../../cli/trust-documents.ts";
import { DEPLOYMENT, type Files, stored, writeTrust } from "../acme-fixture.ts";
import {
  clientDocument,
  denyRule,
  idpDocument,
  permitRule,
  policyDocument,
  resourceDocument,
  sinkDocument,
} from "../../support/documents.ts";
import { temporaryDirectory } from "../temporary-directory.ts";

async function textsIn(directory: string): Promise<Record<string, string>> {
  const names = (await readdir(directory, { recursive: true })).filter((name) => name.endsWith(".json")).toSorted();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(directory, name), "utf8")])),
  );
}

const word = fc.string({ unit: fc.constantFrom(..."abcXYZ09-_.".split("")), minLength: 1, maxLength: 12 });
const organization = word.filter((name) => name !== "." && name !== "..");
const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 });
const url = fc
  .tuple(word, word)
  .map(([host, path]) => `https://${host.toLowerCase().replaceAll(/[^a-z0-9]/g, "x")}.example.net/p${path}`);
const selector = fc.oneof(fc.constant("any"), fc.array(word, { maxLength: 30 }));
const rule = fc.oneof(
  fc
    .record({ clients: selector, resources: selector, groups: selector, description: text })
    .map((some) => denyRule(some)),
  fc
    .record({
      clients: selector,
      scopes: fc.array(word, { maxLength: 5 }),
      dpop_required: fc.boolean(),
      description: text,
    })
    .map((some) => permitRule(some)),
);
const documents = fc.record({
  idp: fc
    .uniqueArray(url, { maxLength: 3 })
    .chain((issuers) =>
      fc.tuple(
        ...issuers.map((issuer) =>
          fc
            .dictionary(word, organization, { minKeys: 1 })
            .map((tenants) => idpDocument({ issuer, organization: undefined, tenants, name: "x" })),
        ),
      ),
    ),
  client: fc.uniqueArray(word, { maxLength: 4 }).map((ids) => ids.map((client_id) => clientDocument({ client_id }))),
  resource: fc.uniqueArray(url, { maxLength: 3 }).chain((names) =>
    fc.tuple(
      ...names.map((resource) =>
        fc.dictionary(word, text).map((scopes) =>
          resourceDocument({
            resource,
            scopes: Object.fromEntries(Object.entries(scopes).map(([name, description]) => [name, { description }])),
          }),
        ),
      ),
    ),
  ),
  sink: fc
    .uniqueArray(fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,12}$/), { maxLength: 3 })
    .map((names) => names.map((name) => sinkDocument({ name }))),
  policy: fc
    .uniqueArray(organization, { maxLength: 3 })
    .chain((organizations) =>
      fc.tuple(
        ...organizations.map((name) =>
          fc
            .array(rule, { maxLength: 4 })
            .map((rules) =>
              policyDocument({ organization: name, rules: rules.map((one, index) => ({ ...one, id: `r${index}` })) }),
            ),
        ),
      ),
    ),
});

function filesOf(kinds: Readonly<Record<string, readonly Record<string, unknown>[]>>): Files {
  return Object.fromEntries(
    Object.entries(kinds).flatMap(([kind, list]) => list.map((one, index) => [`${kind}/${index}.json`, one])),
  );
}

describe("exportTrust", () => {
  it("comes back as it went: what is exported, applied and exported again has not changed", async () => {
    await fc.assert(
      fc.asyncProperty(documents, async (kinds) => {
        const inForce = stored(filesOf(kinds));
        const first = await temporaryDirectory();
        const exported = await exportTrust(first, inForce, DEPLOYMENT.rules);
        expect(exported.broken).toEqual([]);
        if (inForce.length === 0) return;
        const stated = await requireTrustDocuments(first, DEPLOYMENT.rules);
        expect(findDocumentChanges(inForce, stated, { prunes: true }).changes).toEqual([]);
        const second = await temporaryDirectory();
        await exportTrust(second, stated, DEPLOYMENT.rules);
        expect(await textsIn(second)).toEqual(await textsIn(first));
        const again = await exportTrust(first, stated, DEPLOYMENT.rules);
        expect(again.files.every(({ change }) => change === "unchanged")).toBe(true);
      }),
      { seed: 3, numRuns: 60 },
    );
  });

  it("names files after their documents, and tells apart what a file system would not", async () => {
    const directory = await temporaryDirectory();
    const clients = ["agent", "Agent", "https://agent.example/oauth/client.json"].map((client_id) =>
      clientDocument({ client_id }),
    );
    await exportTrust(directory, stored(filesOf({ client: clients, policy: [policyDocument()] })), DEPLOYMENT.rules);
    expect(Object.keys(await textsIn(directory))).toEqual([
      "client/Agent.json",
      expect.stringMatching(/^client\/agent-[0-9a-f]{8}\.json$/),
      "client/agent.example-oauth-client.json.json",
      "policy/acme.json",
    ]);
  });

  it("writes over the file that states a document already, and over no other", async () => {
    const directory = await writeTrust({
      "policy/rules.json": policyDocument({ rules: [] }),
      "client/agent.json": clientDocument({ client_id: "somebody-else" }),
    });
    const inForce = stored(filesOf({ client: [clientDocument()], policy: [policyDocument()] }));
    const { files, others } = await exportTrust(directory, inForce, DEPLOYMENT.rules);
    expect(files.map(({ key, path }) => [key, relative(directory, path)])).toEqual([
      ["client:agent", expect.stringMatching(/^client\/agent-[0-9a-f]{8}\.json$/)],
      ["policy:acme", "policy/rules.json"],
    ]);
    expect(others).toEqual([join(directory, "client/agent.json")]);
    expect((await textsIn(directory))["client/agent.json"]).toContain("somebody-else");
    expect((await textsIn(directory))["policy/rules.json"]).toContain("agent-reads-files");
  });

  it("hands out what does not parse as it is, and says so", async () => {
    const directory = await temporaryDirectory();
    const { broken, files } = await exportTrust(
      directory,
      [{ key: "policy:acme", value: '{"rules": 7}' }],
      DEPLOYMENT.rules,
    );
    expect(broken).toEqual([{ key: "policy:acme", path: "organization", reason: expect.any(String) }]);
    expect(await readFile(files[0]?.path ?? "", "utf8")).toBe('{"rules": 7}');
  });
});
