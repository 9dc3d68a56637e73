import { join } from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { describe, expect, it, onTestFinished } from "vitest";
import { AuditIndexMissing } from "../../../cli/backend/audit-index-missing.ts";
import { LocalBackend } from "../../../cli/backend/local-backend.ts";
import { CHANGE_NOTE_PREFIX, type ChangeNote, changeNoteSchema } from "../../../src/trust/change-note.ts";
import { revisionOf } from "../../../src/trust/revision.ts";
import { lockState } from "../../../cli/state-lock.ts";
import { CrossgateProcess } from "../crossgate-process.ts";
import { temporaryDirectory } from "../temporary-directory.ts";
import { writeSoundDocuments } from "../trust-fixture.ts";

async function open(stateDirectory: string): Promise<LocalBackend> {
  const backend = await LocalBackend.open(stateDirectory);
  onTestFinished(() => backend.close().catch(() => undefined));
  return backend;
}

const ada = async () => ({ by: "ada@acme.example", signer: null });

/** Read with another runtime, since only one may hold the files. */
async function notesIn(state: string, backend: LocalBackend): Promise<readonly ChangeNote[]> {
  await backend.close();
  const other = new Miniflare(
    convertV4MiniflareOptions({
      resourcePersistencePath: state,
      workers: [
        {
          name: "stores",
          modules: true,
          script: "export default {}",
          kvNamespaces: { TRUST_AND_POLICY: "0".repeat(32) },
        },
      ],
    }),
  );
  onTestFinished(() => other.dispose());
  const kv = await other.getKVNamespace("TRUST_AND_POLICY");
  const { keys } = await kv.list({ prefix: CHANGE_NOTE_PREFIX });
  return Promise.all(keys.map(async ({ name }) => changeNoteSchema.parse(await kv.get(name, "json"))));
}

describe("LocalBackend", () => {
  it("keeps what it writes, and removes it again", async () => {
    const state = await temporaryDirectory();
    const first = await open(state);
    const documents = [
      { key: "client:agent", value: "{}" },
      { key: "policy:acme", value: "[]" },
    ];
    await first.write({ put: [...documents, { key: "unrelated", value: "" }], remove: [] }, ada);
    await first.close();
    const second = await open(state);
    expect(await second.readDocuments()).toEqual(documents);
    await second.write({ put: [], remove: ["client:agent"] }, ada);
    expect(await second.readDocuments()).toEqual(documents.slice(1));
  });

  it("leaves beside what it writes who wrote it, from which revision to which, and none where nothing changes", async () => {
    const state = await temporaryDirectory();
    const backend = await open(state);
    await backend.write({ put: [{ key: "client:agent", value: "{}" }], remove: [] }, ada);
    await backend.write({ put: [{ key: "client:agent", value: "{}" }], remove: [] }, ada);
    await backend.write({ put: [{ key: "client:agent", value: "[]" }], remove: [] }, ada);
    await backend.write({ put: [], remove: ["client:agent", "client:that-never-was"] }, ada);
    const notes = await notesIn(state, backend);
    expect(notes.map(({ revision_before: before, revision_after: after }) => [before, after])).toEqual([
      [null, await revisionOf("{}")],
      [await revisionOf("{}"), await revisionOf("[]")],
      [await revisionOf("[]"), null],
    ]);
    for (const note of notes) expect(note).toMatchObject({ document_key: "client:agent", by: "ada@acme.example" });
  });

  it("does not make a state out of a mistyped name", async () => {
    const missing = join(await temporaryDirectory(), "sate");
    await expect(LocalBackend.open(missing)).rejects.toThrow(`no local state at ${missing}. Run crossgate dev once`);
  });

  it("has no audit index where Crossgate never ran", async () => {
    const backend = await open(await temporaryDirectory());
    await expect(backend.query("SELECT * FROM audit_event")).rejects.toBeInstanceOf(AuditIndexMissing);
  });

  it("leaves the lock free when it has written", async () => {
    const state = await temporaryDirectory();
    await (await open(state)).write({ put: [], remove: [] }, ada);
    const unlock = await lockState(state);
    await expect(unlock()).resolves.toBeUndefined();
  });

  it("reads beside a running crossgate dev, and leaves writing to it", async () => {
    const [config, state] = [await temporaryDirectory(), await temporaryDirectory()];
    await writeSoundDocuments(config);
    const dev = new CrossgateProcess(["dev", "--config", config, "--state", state, "--port", "0", "--json"]);
    await dev.line("listening");
    const backend = await open(state);
    expect((await backend.readDocuments()).map(({ key }) => key)).toContain("policy:acme");
    expect(await backend.query("SELECT count(*) AS events FROM audit_event")).toEqual([{ events: 0 }]);
    await expect(backend.write({ put: [{ key: "policy:x", value: "{}" }], remove: [] }, ada)).rejects.toThrow(
      "write the files of its --config directory instead",
    );
    expect((await backend.readDocuments()).map(({ key }) => key)).not.toContain("policy:x");
    dev.signal("SIGTERM");
    expect(await dev.ended()).toBe(0);
  });
});
