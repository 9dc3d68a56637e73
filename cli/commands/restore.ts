import type { Command } from "../command.ts";
import { runOrder } from "../revoke/run-order.ts";

const HELP = `Usage: crossgate restore <what> --reason WORD [options]

Lifts every block of what is named, an identity provider's too. A sign-in that was ended stays ended:
whoever it was signs in again. What is said as for crossgate revoke:

  subject ISSUER SUBJECT [TENANT], principal SUB, client CLIENT_ID, idp ISSUER, organization NAME,
  resource URL, token JTI, key ISSUER KID, signing-key KID

  --reason WORD    for the audit trail: a word or a ticket, such as mistaken or INC-1234
  --state DIR      where crossgate dev runs on a local state (default: .crossgate/state)
  --url URL        a deployment; URL is its ISSUER (or CROSSGATE_URL)
  --key FILE       with --url: your admin key, an operator's (or CROSSGATE_ADMIN_KEY)
  --wait SECONDS   how long to wait for ledgers that could not be told (default: 60)
  --yes            do not ask; without a terminal nothing is changed unless this is given
  --json           {"where", "what", "order", "reason", "version", "in_effect", …}; needs --yes
  --help           this text

Exit codes: 0 in effect, 1 failed, declined or not in effect yet, 2 wrong usage or nobody to ask. Example:

  npx crossgate restore subject https://idp.example.com 00u1ada --reason mistaken
`;

export const command: Command = { help: HELP, run: (commandLine) => runOrder("restore", commandLine) };
