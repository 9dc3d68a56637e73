import { BACKEND_OPTIONS, chooseBackend, openAdminClient } from "../backend/open-backend.ts";
import { type Command, parseCommandLine } from "../command.ts";
import { CommandError, UsageError } from "../command-error.ts";
import { confirm } from "../confirm.ts";
import { type AccountConnection, AccountConnections, type Found } from "../connect/account-connections.ts";
import { describeConnection } from "../connect/describe-connection.ts";

const HELP = `Usage: crossgate connect status [URL] [options]
       crossgate connect revoke URL --principal ID | --sub SUB [options]

The accounts that people have connected at /connect: at MCP servers, and sign-ins that they have lent.

  status         who is connected to what: since when, until when, with which scopes, when last used, and why
                 it could not be used the last time
    URL              only to this MCP server, by the URL that clients use
  revoke         shows one person's connection to URL (an MCP server's, or a provider's issuer), asks (y/N) and
                 deletes it: their next call asks them again. To keep somebody out: crossgate revoke
    --yes            without asking

  --organization NAME    of this customer's people
  --principal ID         this person, as records name them (usr_…)
  --sub SUB              this person, as their identity provider names them
  --issuer ISSUER        who signed in with this identity provider

  --state DIR    of the Crossgate that runs on this state (default: .crossgate/state)
  --url URL      of a deployment, by its admin API; URL is its ISSUER (or CROSSGATE_URL)
  --key FILE     with --url: your admin key (or CROSSGATE_ADMIN_KEY)
  --json         {"connections": […], "unreachable": […]}; revoke, with --yes: {"effective_within_seconds": …}
  --help         this text

Exit codes: 0 done, 1 failed or refused, or somebody's vault did not answer, 2 wrong usage. Example:

  npx crossgate connect status https://mcp.example.com/files/mcp
  npx crossgate connect revoke https://mcp.example.com/files/mcp --sub 00u1ada --issuer https://idp.example.com
`;

const TEXT = { type: "string" } as const;
const FLAG = { type: "boolean", default: false } as const;
const OPTIONS = {
  ...BACKEND_OPTIONS,
  ...({ organization: TEXT, principal: TEXT, sub: TEXT, issuer: TEXT, yes: FLAG, json: FLAG } as const),
} as const;

type Values = ReturnType<typeof parse>["values"];

function parse(commandLine: readonly string[]) {
  return parseCommandLine({ args: [...commandLine], options: OPTIONS, allowPositionals: true });
}

async function run(commandLine: readonly string[]): Promise<void> {
  const { values, positionals } = parse(commandLine);
  const [verb = "", url, ...surplus] = positionals;
  if (verb !== "status" && verb !== "revoke") throw new UsageError(`connect ${verb}: say one of status, revoke.`);
  if (surplus.length > 0) throw new UsageError(`Unexpected "${surplus.join(" ")}".`);
  if (verb === "status" && values.yes) throw new UsageError("--yes says nothing to connect status.");
  const work = verb === "status" ? status(url, values) : revoke(url, values);
  await work(new AccountConnections(await openAdminClient(chooseBackend(values))));
}

type Work = (connections: AccountConnections) => Promise<void>;

function status(resource: string | undefined, values: Values): Work {
  return async (connections) => {
    const found = await connections.find({ ...whom(values), resource });
    const lines = found.connections.map((connection) => describeConnection(connection)).join("");
    process.stdout.write(
      values.json ? `${JSON.stringify(found)}\n` : lines || "Nobody has connected anything like that.\n",
    );
    requireAll(found);
  };
}

function revoke(url: string | undefined, values: Values): Work {
  if (url === undefined) throw new UsageError("Say: crossgate connect revoke URL --principal ID, or --sub SUB.");
  if (values.principal === undefined && values.sub === undefined)
    throw new UsageError("Say whose: --principal ID, or --sub SUB. To stop a server for everybody: crossgate revoke.");
  if (values.json && !values.yes) throw new UsageError("--json asks nothing: give --yes along with it.");
  return async (connections) => {
    const found = await connections.find(whom(values));
    const connection = requireOne(found, url);
    if (!values.json) process.stdout.write(describeConnection(connection));
    if (!values.yes && !(await confirm("Delete it?"))) throw new CommandError("Declined: nothing was deleted.");
    const ended = await connections.end(connection);
    const words = `deleted; used nowhere after ${ended.effective_within_seconds} s\n`;
    process.stdout.write(values.json ? `${JSON.stringify(ended)}\n` : words);
  };
}

function whom({ organization, principal, issuer, sub: subject }: Values) {
  return { organization, principal, issuer, subject };
}

function requireOne(found: Found, url: string): AccountConnection {
  const [connection, ...others] = found.connections.filter(({ connected_to }) => connected_to === url);
  if (connection === undefined) {
    requireAll(found);
    throw new CommandError(`No such person is connected to ${url}. See: npx crossgate connect status`);
  }
  if (others.length === 0) return connection;
  const people = [connection, ...others].map(({ organization, principal }) => `${principal} (${organization})`);
  throw new CommandError(`Several people fit: ${people.join(", ")}. Say --principal, and --organization.`);
}

/** What was not seen is not absent. */
function requireAll({ unreachable }: Found): void {
  if (unreachable.length === 0) return;
  const people = unreachable.map(({ organization, principal }) => `${principal} (${organization})`);
  throw new CommandError(`Not complete: the vaults of ${people.join(", ")} did not answer. Try again.`);
}

export const command: Command = { help: HELP, run };
