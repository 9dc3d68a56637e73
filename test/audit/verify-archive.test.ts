import { beforeAll, describe, expect, it } from "vitest";
import { archiveName, checkpointName, LATEST_CHECKPOINT, parseArchiveName } from "../../src/audit/archive-name.ts";
import { contentOf, hashBatch } from "../../src/audit/audit-batch.ts";
import { type Checkpoint, hashCheckpoint, readCheckpoint } from "../../src/audit/checkpoint.ts";
import { verifyArchive } from "../../src/audit/verify-archive.ts";
import {
  archiveOf,
  type AuditKey,
  makeArchive,
  makeAuditKey,
  type Objects,
  writeChain,
  writeSigned,
} from "../support/audit-archive.ts";
import { Random } from "../support/random.ts";

const TAMPERINGS = 10_000;

let key: AuditKey;
let stranger: AuditKey;
let untouched: Objects;
let published: string;

beforeAll(async () => {
  [key, stranger] = [await makeAuditKey("audit-1"), await makeAuditKey("audit-1")];
  ({ objects: untouched, published } = await makeArchive(key));
});

function verify(objects: Objects, evidence: { published?: string | null } = {}) {
  return verifyArchive(archiveOf(objects), { keys: [key.jwk], published, ...evidence });
}

describe("an untouched archive", () => {
  it("has nothing wrong, and all of it is signed for", async () => {
    expect(await verify(untouched)).toMatchObject({
      findings: [],
      chains: 2,
      checkpoints: 3,
      unsignedRecords: 0,
      newestCheckpoint: { number: 3 },
    });
  });

  it("may have grown since its newest checkpoint, and says by how much", async () => {
    const objects: Objects = new Map();
    const chain = "ledger/v1/0/00000000000000aa";
    const head = await writeChain(objects, chain, [["a", "b"]]);
    const jws = await writeSigned(objects, key, { number: 1, previous: null, heads: [head] });
    await writeChain(objects, chain, [["a", "b"], ["c"], ["d", "e"]]);
    expect(await verify(objects, { published: jws })).toMatchObject({ findings: [], records: 5, unsignedRecords: 3 });
  });

  it("needs no checkpoint while there is none", async () => {
    const objects: Objects = new Map();
    await writeChain(objects, "ledger/v1/0/00000000000000aa", [["a"]]);
    expect(await verify(objects, { published: null })).toMatchObject({ findings: [], newestCheckpoint: null });
  });
});

/** What somebody may do to an archive who can write to it, and knows how it is made, but has no key. */
type Chance = Pick<Random, "below" | "pick">;
type Tampering = (objects: Objects, random: Chance) => Promise<void> | void;
/** The copy of the newest checkpoint proves nothing that its original does not. */
function namesIn(objects: Objects, isWanted = (_name: string) => true): readonly string[] {
  return [...objects.keys()].filter((name) => name !== LATEST_CHECKPOINT && isWanted(name));
}

function batchesIn(objects: Objects, chain?: string): readonly string[] {
  const isOf = (name: string): boolean => chain === undefined || parseArchiveName(name)?.chain === chain;
  return namesIn(objects, (name) => name.startsWith("events/") && isOf(name)).toSorted();
}

function bytesOf(objects: Objects, name: string): Uint8Array {
  return objects.get(name) ?? new Uint8Array();
}

function linesOf(objects: Objects, name: string): string[] {
  return new TextDecoder().decode(bytesOf(objects, name)).split("\n").slice(0, -1);
}

/** Writes a batch and all that follow it anew, each with the name that its hash gives it. */
async function rewriteFrom(objects: Objects, from: string, change: (lines: string[]) => string[]): Promise<void> {
  const range = parseArchiveName(from);
  if (range === null) throw new Error("a batch was asked for");
  const names = batchesIn(objects, range.chain);
  const at = names.indexOf(from);
  const batches = names.map((name) => linesOf(objects, name));
  batches[at] = change(batches[at] ?? []);
  for (const name of names) objects.delete(name);
  await writeChain(
    objects,
    range.chain,
    batches.filter((lines) => lines.length > 0),
  );
}

const TAMPERING: Readonly<Record<string, Tampering>> = {
  "flip a bit": (objects, { below, pick }) => {
    const name = pick(namesIn(objects));
    const bytes = Uint8Array.from(bytesOf(objects, name));
    const at = below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
    objects.set(name, bytes);
  },
  "delete an object": (objects, { pick }) => void objects.delete(pick(namesIn(objects))),
  "swap two objects": (objects, { pick }) => {
    const one = pick(namesIn(objects));
    const other = pick(namesIn(objects, (name) => name !== one));
    const [first, second] = [bytesOf(objects, one), bytesOf(objects, other)];
    objects.set(one, second).set(other, first);
  },
  "cut an object short": (objects, { below, pick }) => {
    const name = pick(namesIn(objects));
    objects.set(name, bytesOf(objects, name).slice(0, below(bytesOf(objects, name).length)));
  },
  "add to an object": (objects, { pick }) => {
    const name = pick(namesIn(objects));
    objects.set(name, new Uint8Array([...bytesOf(objects, name), pick([0x0a, 0x20, 0x41])]));
  },
  "rename a batch": (objects, { below, pick }) => {
    const name = pick(batchesIn(objects));
    const range = parseArchiveName(name);
    if (range === null) return;
    const bytes = bytesOf(objects, name);
    objects.delete(name);
    const shift = 1 + below(3);
    const moved = { ...range, firstSequence: range.firstSequence + shift, lastSequence: range.lastSequence + shift };
    objects.set(archiveName(moved), bytes);
  },
  "move a batch to another chain": (objects, { pick }) => {
    const name = pick(batchesIn(objects));
    const range = parseArchiveName(name);
    if (range === null) return;
    const bytes = bytesOf(objects, name);
    objects.delete(name);
    objects.set(archiveName({ ...range, chain: "ledger/v1/7/00000000000000cc" }), bytes);
  },
  "reorder the records of a batch, and hash it all again": (objects, { pick }) => {
    const name = pick(batchesIn(objects).filter((each) => linesOf(objects, each).length > 1));
    return rewriteFrom(objects, name, (lines) => lines.toReversed());
  },
  "change a record, and hash it all again": (objects, { pick }) =>
    rewriteFrom(objects, pick(batchesIn(objects)), ([first = "", ...rest]) => [first.replace("ada", "eve"), ...rest]),
  "remove a record, and hash it all again": (objects, { pick }) =>
    rewriteFrom(objects, pick(batchesIn(objects)), (lines) => lines.slice(1)),
  "add a record, and hash it all again": (objects, { pick }) =>
    rewriteFrom(objects, pick(batchesIn(objects)), (lines) => [...lines, "{}"]),
  "fork a batch": async (objects, { pick }) => {
    const name = pick(batchesIn(objects));
    const range = parseArchiveName(name);
    if (range === null) return;
    const content = contentOf(linesOf(objects, name).map(() => '{"forged":true}'));
    objects.set(
      archiveName({ ...range, hash: await hashBatch("0".repeat(64), content) }),
      new TextEncoder().encode(content),
    );
  },
  "cut off the end of a chain": (objects, { below, pick }) => {
    const { chain = "" } = parseArchiveName(pick(batchesIn(objects))) ?? {};
    const names = batchesIn(objects, chain);
    names.slice(below(names.length)).forEach((name) => objects.delete(name));
  },
  "go back to an earlier state": async (objects, { below }) => {
    const keep = below(3);
    for (let number = 3; number > keep; number -= 1) objects.delete(checkpointName(number));
    const checkpoint =
      keep === 0 ? null : readCheckpoint(new TextDecoder().decode(bytesOf(objects, checkpointName(keep))));
    for (const name of batchesIn(objects)) {
      const range = parseArchiveName(name);
      const head = checkpoint?.heads.find(({ chain }) => chain === range?.chain);
      if ((range?.lastSequence ?? 0) > (head?.sequence ?? 0)) objects.delete(name);
    }
  },
  "sign it anew with another key": async (objects, { below, pick }) => {
    await TAMPERING["change a record, and hash it all again"]?.(objects, { below, pick });
    let previous: string | null = null;
    for (let number = 1; number <= 3; number += 1) {
      const said = readCheckpoint(new TextDecoder().decode(bytesOf(objects, checkpointName(number)))) as Checkpoint;
      previous = await hashCheckpoint(await writeSigned(objects, stranger, { number, previous, heads: said.heads }));
    }
  },
  "put in something else": (objects, { pick }) => {
    const name = pick(["events/v1/x", "events/v1/ledger/v1/0/1-2.ndjson", "checkpoints/v1/4.jws", "checkpoints/other"]);
    objects.set(name, new Uint8Array([0x0a]));
  },
};

/** J06, G10. */
describe("an archive that somebody has been at", () => {
  it(`is told from an untouched one, ${TAMPERINGS} times out of ${TAMPERINGS}`, { timeout: 180_000 }, async () => {
    const source = new Random(2031);
    const random: Chance = { below: (bound) => source.below(bound), pick: (items) => source.pick(items) };
    const kinds = Object.keys(TAMPERING);
    const missed: string[] = [];
    for (let at = 0; at < TAMPERINGS; at += 1) {
      const kind = kinds[at % kinds.length] ?? "";
      const objects: Objects = new Map(untouched);
      await TAMPERING[kind]?.(objects, random);
      const { findings } = await verify(objects);
      if (findings.length === 0) missed.push(kind);
    }
    expect(missed).toEqual([]);
    expect((await verify(untouched)).findings).toEqual([]);
  });

  it("is told where", async () => {
    const objects: Objects = new Map(untouched);
    const [first = "", second = "", third = ""] = batchesIn(objects);
    objects.set(
      first,
      new TextEncoder().encode(
        `${linesOf(objects, first)
          .map(() => "{}")
          .join("\n")}\n`,
      ),
    );
    const [lost, kept] = [parseArchiveName(second), parseArchiveName(third)];
    objects.delete(second);
    const { findings } = await verify(objects);
    expect(findings).toContainEqual(expect.objectContaining({ where: first, what: "edited" }));
    const says = `records ${lost?.firstSequence} to ${lost?.lastSequence} are not there`;
    expect(findings).toContainEqual({ where: kept?.chain, what: "missing", says });
  });

  // What nobody remembers outside, nobody can miss: an archive that was set back whole is an archive of that time.
  it("cannot be told from its own past without the checkpoint that is published", async () => {
    const objects: Objects = new Map(untouched);
    await TAMPERING["go back to an earlier state"]?.(objects, { below: () => 1, pick: (items) => items[0] as never });
    expect((await verify(objects, { published: null })).findings).toEqual([]);
    expect((await verify(objects)).findings).toMatchObject([{ what: "truncated" }]);
  });
});
