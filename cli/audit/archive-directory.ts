import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import type { ReadableArchive } from "../../src/audit/verify-archive.ts";
import { CommandError } from "../command-error.ts";

/** An archive that was exported, or copied out of its bucket. @throws CommandError */
export async function openArchiveDirectory(directory: string): Promise<ReadableArchive> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => {
    throw new CommandError(`${directory} cannot be read. Name the directory that crossgate audit export wrote.`);
  });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return {
    names: files.map((path) => relative(directory, path).split(sep).join("/")),
    read: async (name) => new Uint8Array(await readFile(join(directory, name))),
  };
}

/** Names in an archive are ours, but a copy of one is anybody's. */
const NAME = /^(?:[\w-]+\/)+[\w.-]+$/;

/** @returns how many objects were written */
export async function exportArchive({ names, read }: ReadableArchive, directory: string): Promise<number> {
  let count = 0;
  for (const name of names) if (await writeObject(directory, name, () => read(name))) count += 1;
  return count;
}

/** @returns false for a name that is none of an archive, and would lead out of the directory */
export async function writeObject(
  directory: string,
  name: string,
  read: () => Promise<Uint8Array | string>,
): Promise<boolean> {
  if (!NAME.test(name) || name.includes("..")) return false;
  const path = join(directory, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, await read());
  return true;
}
