import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, it } from "vitest";
import { PROJECT_DIRECTORY } from "../../cli/project-paths.ts";

it.each([["cli/crossgate.ts", "--help"], [".ci/requirements.ts"]])(
  "%s ends in silence when nobody reads on",
  async (script, ...words) => {
    const running = spawn(process.execPath, [join(PROJECT_DIRECTORY, script), ...words]);
    running.stdout.destroy();
    let complaints = "";
    running.stderr.on("data", (chunk: Buffer) => (complaints += chunk.toString()));
    expect(await once(running, "close")).toEqual([0, null]);
    expect(complaints).toBe("");
  },
);
