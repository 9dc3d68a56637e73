import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import * as z from "zod";
import type { FindAuthor } from "../change-author.ts";
import { CommandError } from "../command-error.ts";
import { PROJECT_DIRECTORY, WRANGLER_CONFIG_PATH } from "../project-paths.ts";
import { AuditIndexMissing, isMissingTable } from "./audit-index-missing.ts";
import { SqlAuditReader } from "./audit-reader.ts";
import { NOTE_SECONDS, noteChanges } from "./change-notes.ts";
import { compareDocumentKeys, parseDocumentKey } from "./document-keys.ts";
import type { Row, StoredDocument, TrustBackend, TrustWrites } from "./trust-backend.ts";

const NAMESPACE = ["--binding", "TRUST_AND_POLICY", "--remote", "--config", WRANGLER_CONFIG_PATH];
const DATABASE = "AUDIT_INDEX";
/** One wrangler is a process with a runtime of its own; a handful at a time is what a small machine bears. */
const READS_AT_ONCE = 4;
const OUTPUT_BYTES = 64 * 1024 * 1024;

const keysSchema = z.array(z.looseObject({ name: z.string() }));
const answersSchema = z.array(z.looseObject({ results: z.array(z.record(z.string(), z.unknown())) }));

/** The deployment, by way of wrangler: whoever may run it may do this, and nobody needs another credential. */
export class WranglerBackend implements TrustBackend {
  readonly name = "the deployment";
  readonly audit = new SqlAuditReader((sql) => this.query(sql));
  #inForce: readonly StoredDocument[] | null = null;

  async readDocuments(): Promise<readonly StoredDocument[]> {
    const keys = await listKeys();
    this.#inForce = await this.#readAll(keys.toSorted(compareDocumentKeys));
    return this.#inForce;
  }

  /** The notes go first, in one request with the documents: no change is without one. */
  async write(writes: TrustWrites, findAuthor: FindAuthor): Promise<void> {
    const { put, remove } = writes;
    if (put.length + remove.length === 0) return;
    const before = this.#inForce ?? (await this.readDocuments());
    await this.#refuseChangedSince(before, [...put.map(({ key }) => key), ...remove]);
    const noted = await noteChanges(writes, before, findAuthor);
    const notes = noted.map((note) => ({ ...note, expiration_ttl: NOTE_SECONDS }));
    await withJsonFile([...notes, ...put], (path) => wrangler(["kv", "bulk", "put", path, ...NAMESPACE]));
    await withJsonFile(remove, (path) => wrangler(["kv", "bulk", "delete", path, "--force", ...NAMESPACE]));
  }

  /**
   * What was looked at and said yes to is what is replaced, and what the notes say was there. KV itself compares nothing
   * as it writes: of two who write in the same moment the later one wins.
   */
  async #refuseChangedSince(before: readonly StoredDocument[], keys: readonly string[]): Promise<void> {
    const seen = new Map(before.map(({ key, value }) => [key, value]));
    const there = new Set(await listKeys());
    const current = await this.#readAll(keys.filter((key) => there.has(key)));
    const found = new Map(current.map(({ key, value }) => [key, value]));
    const changed = keys.filter((key) => seen.get(key) !== found.get(key));
    if (changed.length === 0) return;
    throw new CommandError(
      `Nothing was written: somebody else has changed ${changed.join(", ")} meanwhile; run it again.`,
    );
  }

  /** What lies in Durable Objects is reached by the Worker alone. */
  readHealth(): Promise<null> {
    return Promise.resolve(null);
  }

  readSignalStreams(): Promise<null> {
    return Promise.resolve(null);
  }

  async query(sql: string): Promise<readonly Row[]> {
    const command = ["d1", "execute", DATABASE, "--remote", "--json", "--config", WRANGLER_CONFIG_PATH];
    try {
      const [answer] = parseOutput(await wrangler([...command, "--command", sql]), answersSchema, "d1 execute");
      return answer?.results ?? [];
    } catch (error) {
      if (!isMissingTable(error)) throw error;
      throw new AuditIndexMissing(
        `${this.name} has no audit index yet. Make it: npx wrangler d1 migrations apply ${DATABASE} --remote`,
      );
    }
  }

  async close(): Promise<void> {}

  async #readAll(keys: readonly string[]): Promise<readonly StoredDocument[]> {
    const documents: StoredDocument[] = [];
    for (let at = 0; at < keys.length; at += READS_AT_ONCE) {
      const some = keys.slice(at, at + READS_AT_ONCE);
      documents.push(...(await Promise.all(some.map((key) => readDocument(key)))));
      process.stderr.write(`read ${documents.length} of ${keys.length} documents\n`);
    }
    return documents;
  }
}

async function listKeys(): Promise<readonly string[]> {
  const listed = parseOutput(await wrangler(["kv", "key", "list", ...NAMESPACE]), keysSchema, "kv key list");
  return listed.map(({ name }) => name).filter((key) => parseDocumentKey(key) !== null);
}

async function readDocument(key: string): Promise<StoredDocument> {
  return { key, value: await wrangler(["kv", "key", "get", key, ...NAMESPACE]) };
}

async function withJsonFile(content: readonly unknown[], use: (path: string) => Promise<unknown>): Promise<void> {
  if (content.length === 0) return;
  const directory = await mkdtemp(join(tmpdir(), "crossgate-"));
  try {
    const path = join(directory, "bulk.json");
    await writeFile(path, JSON.stringify(content), { mode: 0o600 });
    await use(path);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** @returns what it wrote to stdout. @throws CommandError with wrangler's own words */
async function wrangler(commandLine: readonly string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)("wrangler", commandLine, {
      cwd: PROJECT_DIRECTORY,
      maxBuffer: OUTPUT_BYTES,
      env: {
        ...process.env,
        // npx has put the project's own wrangler first already; started otherwise, it is still found.
        PATH: [process.env["PATH"], join(PROJECT_DIRECTORY, "node_modules", ".bin")].join(delimiter),
        WRANGLER_SEND_METRICS: "false",
        FORCE_COLOR: "0",
      },
    });
    return stdout;
  } catch (error) {
    const verb = commandLine.slice(0, 3).join(" ");
    throw new CommandError(
      `wrangler ${verb} failed: ${wordsOf(error)}\nSee that npx wrangler login was done and that wrangler.toml names your namespace and database.`,
    );
  }
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const said = ["stderr", "stdout"].map((name) => textMember(error, name).trim()).filter((text) => text !== "");
  return said.length === 0 ? error.message : said.join("\n");
}

function textMember(error: Error, name: string): string {
  const [, value] = Object.entries(error).find(([member]) => member === name) ?? [];
  return typeof value === "string" ? value : "";
}

function parseOutput<Output>(text: string, schema: z.ZodType<Output>, command: string): Output {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new CommandError(
      `wrangler ${command} answered something else than expected. Run it by hand to see what, and use the wrangler of this project (npm ci).`,
    );
  }
}
