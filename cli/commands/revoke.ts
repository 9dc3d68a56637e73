import type { Command } from "../command.ts";
import { runOrder } from "../revoke/run-order.ts";

const HELP = `Usage: crossgate revoke <what> --reason WORD [--sign-in-again] [options]

Shows what it hits, asks, gives the order, and waits until nothing more is issued. What:

  subject ISSUER SUBJECT [TENANT]   a person, as the identity provider calls her
  principal SUB                     a person, by the sub of our access tokens
  client CLIENT_ID                  an agent
  idp ISSUER                        everybody of an identity provider
  organization NAME                 everybody of an organization
  resource URL                      an MCP server
  connection NAME CLIENT_ID URL     one agent at one server for one organization: a line of inventory
  token JTI                         one access token
  key ISSUER KID                    a provider's key, with all that was issued for what it signed
  signing-key KID                   a key of ours: see crossgate keys --help, which rotates first

  --reason WORD     for the audit trail: a word or a ticket, such as offboarding or INC-1234
  --sign-in-again   end what was signed in for until now, and block nothing: a fresh sign-in works
  --state DIR       where crossgate dev runs on a local state (default: .crossgate/state)
  --url URL         a deployment; URL is its ISSUER (or CROSSGATE_URL)
  --key FILE        with --url: your admin key, an operator's (or CROSSGATE_ADMIN_KEY)
  --wait SECONDS    how long to wait for ledgers that could not be told (default: 60)
  --yes             do not ask; without a terminal nothing is changed unless this is given
  --json            {"where", "what", "order", "reason", "version", "in_effect", …}; needs --yes
  --help            this text

crossgate restore takes the same words and lifts the block.

Exit codes: 0 in effect, 1 failed, declined or not in effect yet, 2 wrong usage or nobody to ask. Example:

  npx crossgate revoke subject https://idp.example.com 00u1ada --reason offboarding
`;

export const command: Command = { help: HELP, run: (commandLine) => runOrder("revoke", commandLine) };
