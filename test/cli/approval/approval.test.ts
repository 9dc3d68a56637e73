import { describe, expect, it } from "vitest";
import { command } from "../../../cli/commands/approval.ts";
import { UsageError } from "../../../cli/command-error.ts";

const ID = "acme~AAAAAAAAAAAAAAAAAAAAAA";

describe("crossgate approval", () => {
  it.each<[readonly string[], string]>([
    [[], "say one of"],
    [["allow", ID], "say one of"],
    [["list"], "ORGANIZATION"],
    [["list", "a b"], "ORGANIZATION"],
    [["list", "acme", "more"], "ORGANIZATION"],
    [["show"], "ID"],
    [["show", "acme"], "ID"],
    [["approve", `${ID}/decision`], "ID"],
    [["approve", ID, "--json"], "--yes"],
    [["deny", ID, "--json"], "--yes"],
    [["list", "acme", "--yes"], "--yes"],
    [["show", ID, "--remote"], "wrangler"],
    [["show", ID, "--all"], "--all"],
  ])("%j is wrong usage, and says what is right", async (commandLine, words) => {
    const failure = await command.run(commandLine).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UsageError);
    expect(failure).toMatchObject({ message: expect.stringContaining(words) });
  });

  it("says how in its help, with an example", () => {
    expect(command.help).toMatch(/Exit codes: 0 .* Example:\n\n {2}npx crossgate approval list/s);
  });
});
