import { describe, expect, it } from "vitest";
import { command } from "../../cli/commands/connect.ts";
import { type AccountConnection, AccountConnections } from "../../cli/connect/account-connections.ts";
import { describeConnection } from "../../cli/connect/describe-connection.ts";
import type { AdminRequest } from "../../cli/backend/admin-client.ts";
import { UsageError } from "../../cli/command-error.ts";

const FILES = "https://mcp.example.com/files/mcp";
const CONNECTION: AccountConnection = {
  organization: "acme",
  principal: "usr_ada",
  subjects: [{ issuer: "https://idp.example.com", tenant: null, subject: "00u1ada" }],
  kind: "grant",
  connected_to: FILES,
  state: "connected",
  authorization_server: "https://as.example.net",
  client_id: "crossgate",
  scope: "files:read",
  connected_at: "2026-11-01T08:00:00.000Z",
  renewed_at: "2026-11-20T08:00:00.000Z",
  token_expires_at: "2026-11-20T09:00:00.000Z",
  ends_at: null,
  last_used_at: "2026-11-20T08:30:00.000Z",
  failure: null,
};

describe("crossgate connect", () => {
  it.each<[string[], string]>([
    [[], "say one of status, revoke"],
    [["list"], "say one of status, revoke"],
    [["status", FILES, FILES], "Unexpected"],
    [["status", "--yes"], "--yes says nothing"],
    [["revoke"], "Say: crossgate connect revoke URL"],
    [["revoke", FILES], "Say whose"],
    [["revoke", FILES, "--issuer", "https://idp.example.com"], "Say whose"],
    [["revoke", FILES, "--sub", "ada", "--json"], "give --yes"],
    [["status", "--remote"], "Give --url and --key"],
  ])("is refused as wrong usage: %j", async (commandLine, words) => {
    const error: unknown = await command.run(commandLine).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).message).toContain(words);
  });

  it("asks page after page, and passes over nobody whose vault did not answer", async () => {
    const asked: string[] = [];
    const pages = [
      { connections: [CONNECTION], unreachable: [{ organization: "acme", principal: "usr_bob" }], after: "a b" },
      { connections: [{ ...CONNECTION, principal: "usr_eve" }], unreachable: [], after: null },
    ];
    const client = {
      ask: async ({ path }: AdminRequest, schema: { parse(value: unknown): unknown }) => {
        asked.push(path);
        return schema.parse(pages[asked.length - 1]) as never;
      },
    };
    const found = await new AccountConnections(client).find({ organization: "acme", resource: undefined });
    expect(asked).toEqual(["/vault/connections?organization=acme", "/vault/connections?organization=acme&after=a+b"]);
    expect(found.connections.map(({ principal }) => principal)).toEqual(["usr_ada", "usr_eve"]);
    expect(found.unreachable).toEqual([{ organization: "acme", principal: "usr_bob" }]);
  });
});

describe("a connection in words", () => {
  it("says whose it is, for what, since when, until when and when it was used", () => {
    expect(describeConnection(CONNECTION)).toBe(
      [
        `${FILES}  an account, connected`,
        "  for      00u1ada at https://idp.example.com (acme, usr_ada)",
        "  granted  files:read, 2026-11-01T08:00:00.000Z until somebody ends it, by https://as.example.net to crossgate",
        "  used     2026-11-20T08:30:00.000Z",
        "",
      ].join("\n"),
    );
  });

  it.each<[Partial<AccountConnection>, string]>([
    [{ ends_at: "2026-12-01T00:00:00.000Z" }, "until 2026-12-01T00:00:00.000Z, by"],
    [{ state: "lost" }, "2026-11-01T08:00:00.000Z, by"],
    [{ connected_at: null, state: "unreadable" }, "granted  what cannot be read"],
    [{ last_used_at: null }, "used     never"],
    [{ failure: { reason: "connection_lost", at: "2026-11-20T10:00:00.000Z" } }, "failed   connection_lost at 2026"],
    [{ kind: "identity" }, "a sign-in that is lent"],
    [{ scope: null }, "scope not said"],
  ])("says so where it is otherwise: %j", (changes, words) => {
    expect(describeConnection({ ...CONNECTION, ...changes })).toContain(words);
  });

  it("does not steer the terminal by what a server has called something", () => {
    const [escape, turn] = ["\u{1b}", "\u{202e}"];
    const shown = describeConnection({ ...CONNECTION, scope: `${escape}[2Jfiles${turn}` });
    expect([shown.includes(escape), shown.includes(turn)]).toEqual([false, false]);
  });
});
