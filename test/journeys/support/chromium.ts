import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliDecompress } from "node:zlib";
import { type Browser, chromium } from "playwright-core";

const decompress = promisify(brotliDecompress);
const run = promisify(execFile);

const PACKAGE = dirname(dirname(fileURLToPath(import.meta.resolve("@sparticuz/chromium"))));
/** Beside the package, so that `npm ci` clears it away together with the version that it was unpacked from. */
const UNPACKED = join(PACKAGE, "unpacked");

/**
 * A real Chromium, which came with `npm ci`: with its own rules for cookies, frames, forms and redirects, none of them
 * relaxed. The sandbox alone is off where it cannot work, under root.
 */
export async function launchChromium(): Promise<Browser> {
  const { BROWSER_EXECUTABLE: chosen } = process.env;
  if (chosen !== undefined) return chromium.launch({ executablePath: chosen, args: sandboxArguments() });
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error("The browser that npm brings is for Linux on x64; set BROWSER_EXECUTABLE to a Chromium of yours.");
  }
  const directory = await unpackOnce();
  // Libraries that a bare system lacks; where it has its own of that name, either will do.
  const env = { ...process.env, LD_LIBRARY_PATH: join(directory, "lib"), FONTCONFIG_PATH: join(directory, "fonts") };
  return chromium.launch({ executablePath: join(directory, "chromium"), args: sandboxArguments(), env });
}

function sandboxArguments(): string[] {
  return process.getuid?.() === 0 ? ["--no-sandbox"] : [];
}

/** Whoever comes first unpacks; a directory that is there is whole, since it was renamed into its place. */
async function unpackOnce(): Promise<string> {
  if (existsSync(UNPACKED)) return UNPACKED;
  const draft = await mkdtemp(`${UNPACKED}-`);
  await Promise.all([unpackExecutable(draft), unpackArchive("al2023", draft), unpackArchive("fonts", draft)]);
  await rename(draft, UNPACKED).catch(async (error: unknown) => {
    await rm(draft, { recursive: true, force: true });
    if (!existsSync(UNPACKED)) throw error;
  });
  return UNPACKED;
}

async function unpackExecutable(directory: string): Promise<void> {
  const path = join(directory, "chromium");
  await writeFile(path, await decompress(await readFile(join(PACKAGE, "bin", "chromium.br"))));
  await chmod(path, 0o755);
}

async function unpackArchive(name: string, directory: string): Promise<void> {
  const archive = join(directory, `${name}.tar`);
  await mkdir(directory, { recursive: true });
  await writeFile(archive, await decompress(await readFile(join(PACKAGE, "bin", `${name}.tar.br`))));
  await run("tar", ["-xf", archive, "-C", directory]);
  await rm(archive);
}
