import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readTrustDirectory, requireTrustDocuments } from "../../cli/trust-documents.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { SOUND_DOCUMENTS, writeDocument, writeSoundDocuments } from "./trust-fixture.ts";

const RULES = { ownHost: "127.0.0.1", allowsLoopback: true };

describe("readTrustDirectory", () => {
  it("keys each document by its own name and keeps its text as it is", async () => {
    const directory = await temporaryDirectory();
    await writeSoundDocuments(directory);
    const { documents, problems } = await readTrustDirectory(directory, RULES);
    expect(problems).toEqual([]);
    expect(documents.map(({ key }) => key)).toEqual([
      "idp:https://idp.example.com",
      "client:agent",
      "resource:http://127.0.0.1:8787/mcp",
      "policy:acme",
    ]);
    for (const { path, value } of documents) expect(value).toBe(await readFile(path, "utf8"));
  });

  it("reads *.json only, and needs no more than one of the four folders", async () => {
    const directory = await temporaryDirectory();
    await writeDocument(directory, "policy/acme.json", SOUND_DOCUMENTS["policy/acme.json"]);
    await writeDocument(directory, "policy/README.md", "about policies");
    await writeDocument(directory, "policy/.acme.json", "{");
    expect((await readTrustDirectory(directory, RULES)).documents.map(({ key }) => key)).toEqual(["policy:acme"]);
  });

  it("refuses a directory without any of the four folders", async () => {
    const directory = await temporaryDirectory();
    await expect(readTrustDirectory(directory, RULES)).rejects.toThrow(`${directory} is not a trust directory`);
  });

  it.each([
    ["a comma too many", '{\n  "organization": "acme",\n}', "line 3, column 1"],
    ["a word that is none", '{\n  "organization": acme\n}', "line 2, column 19"],
    ["an end too early", '{ "organization": "acme"', "line 1, column 25"],
    ["nothing at all", "", "line 1, column 1"],
    ["no natural key", '{ "rules": [] }', "organization: missing"],
    ["a natural key of another type", '{ "organization": 7, "rules": [] }', "organization: missing"],
    ["an array", "[]", "organization: missing"],
    ["a name too long for a key", `{ "organization": "${"a".repeat(600)}", "rules": [] }`, "at most 512 bytes"],
    ["a document against its schema", '{ "organization": "acme" }', "rules"],
  ])("refuses %s, naming file and place", async (_what, text, complaint) => {
    const directory = await temporaryDirectory();
    await writeSoundDocuments(directory);
    const path = await writeDocument(directory, "policy/broken.json", text);
    const { documents, problems } = await readTrustDirectory(directory, RULES);
    expect(problems.map((problem) => problem.path)).toEqual([path]);
    expect(problems[0]?.message).toContain(`${path}: `);
    expect(problems[0]?.message).toContain(complaint);
    expect(documents).toHaveLength(4);
  });

  it("refuses a URL that the Worker would never contact, by the rules of the issuer", async () => {
    const directory = await temporaryDirectory();
    await writeSoundDocuments(directory);
    const { problems } = await readTrustDirectory(directory, { ownHost: "mcp.example.com", allowsLoopback: false });
    expect(problems.map(({ path }) => path)).toEqual([join(directory, "resource/everything.json")]);
    expect(problems[0]?.message).toContain("URL not allowed: its scheme is not https");
  });

  it("lets neither of two files with the same key win, and names both", async () => {
    const directory = await temporaryDirectory();
    await writeSoundDocuments(directory);
    const copy = await writeDocument(directory, "policy/copy.json", SOUND_DOCUMENTS["policy/acme.json"]);
    const original = join(directory, "policy/acme.json");
    const { documents, problems } = await readTrustDirectory(directory, RULES);
    expect(documents.map(({ key }) => key)).not.toContain("policy:acme");
    expect(problems).toEqual([
      { path: original, message: `${original}: describes policy:acme, and so does ${copy}; keep one of them` },
      { path: copy, message: `${copy}: describes policy:acme, and so does ${original}; keep one of them` },
    ]);
  });
});

describe("requireTrustDocuments", () => {
  it("lists every problem at once", async () => {
    const directory = await temporaryDirectory();
    const first = await writeDocument(directory, "idp/a.json", "{");
    const second = await writeDocument(directory, "policy/b.json", "{}");
    const reading = requireTrustDocuments(directory, RULES);
    await expect(reading).rejects.toThrow(first);
    await expect(reading).rejects.toThrow(second);
    await expect(reading).rejects.toThrow(`How to mend it: npx crossgate check ${directory} --local`);
  });
});
