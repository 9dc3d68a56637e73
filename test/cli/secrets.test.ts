import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ensureLocalSecrets, readLocalSecrets, secretsPath } from "../../cli/secrets.ts";
import { parseSigningKeys } from "../../cli/signing-keys.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

describe("ensureLocalSecrets", () => {
  it("makes all three, in a file that only its owner may read", async () => {
    const directory = join(await temporaryDirectory(), "not", "there", "yet");
    const secrets = await ensureLocalSecrets(directory);
    expect(parseSigningKeys(secrets.SIGNING_KEYS, "SIGNING_KEYS").keys).toHaveLength(2);
    expect(Buffer.from(secrets.CLIENT_SECRET_PEPPER, "base64url")).toHaveLength(32);
    expect(Buffer.from(secrets.STATE_SECRET, "base64url")).toHaveLength(32);
    expect((await stat(secretsPath(directory))).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(secretsPath(directory), "utf8"))).toEqual(secrets);
  });

  it("keeps what is present", async () => {
    const directory = await temporaryDirectory();
    const secrets = await ensureLocalSecrets(directory);
    expect(await ensureLocalSecrets(directory)).toEqual(secrets);
  });

  it("fills in a member that is missing and leaves the others alone", async () => {
    const directory = await temporaryDirectory();
    await writeFile(secretsPath(directory), JSON.stringify({ CLIENT_SECRET_PEPPER: "mine" }));
    const secrets = await ensureLocalSecrets(directory);
    expect(secrets.CLIENT_SECRET_PEPPER).toBe("mine");
    expect(secrets.STATE_SECRET).not.toBe("");
    expect(await readLocalSecrets(directory)).toEqual(secrets);
  });

  it("takes back rights that others got", async () => {
    const directory = await temporaryDirectory();
    await ensureLocalSecrets(directory);
    await chmod(secretsPath(directory), 0o644);
    await ensureLocalSecrets(directory);
    expect((await stat(secretsPath(directory))).mode & 0o777).toBe(0o600);
  });

  it.each([
    ["{", "is not JSON"],
    ['{"CLIENT_SECRET_PEPPER":""}', "CLIENT_SECRET_PEPPER"],
    ['{"SIGNING_KEY":"x"}', "SIGNING_KEY"],
  ])("refuses %s by name instead of replacing it", async (text, complaint) => {
    const directory = await temporaryDirectory();
    await writeFile(secretsPath(directory), text);
    await expect(ensureLocalSecrets(directory)).rejects.toThrow(complaint);
    await expect(ensureLocalSecrets(directory)).rejects.toThrow(secretsPath(directory));
    expect(await readFile(secretsPath(directory), "utf8")).toBe(text);
  });
});
