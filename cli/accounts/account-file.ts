import { extname } from "node:path";
import { type Account, accountSchema } from "../../src/trust/account.ts";
import { spellSamlNameId } from "../../src/trust/saml-name-id.ts";
import { describeIssue } from "../../src/trust/schema-issue.ts";
import { CommandError, UsageError } from "../command-error.ts";
import { readFileText } from "../input-text.ts";
import type { AccountDraft } from "./account-draft.ts";
import { readCsvAccounts } from "./csv-accounts.ts";
import { readJsonAccounts } from "./json-accounts.ts";

/** An account, and where in its file a person finds it. */
export interface PlacedAccount {
  readonly where: string;
  readonly account: Account;
}

const FLAWS_SHOWN = 20;

/** The whole file or nothing of it. @throws CommandError naming file, place and flaw; UsageError for another kind of file */
export async function readAccountFile(path: string): Promise<readonly PlacedAccount[]> {
  const read = readerFor(path);
  const drafts = read(path, decode(path, await readFileText(path)));
  if (drafts.length === 0) throw new CommandError(`${path} has no accounts. Write at least one.`);
  const flaws: string[] = [];
  const placed = drafts.flatMap((draft) => {
    const { data: account, error } = accountSchema.safeParse(draft.value);
    if (account !== undefined) return [{ where: draft.where, account }];
    flaws.push(...(error?.issues ?? []).map((issue) => describeFlaw(draft, describeIssue(issue, accountSchema))));
    return [];
  });
  flaws.push(...findRepeats(placed));
  if (flaws.length === 0) return placed;
  throw new CommandError(describeFlaws(path, flaws));
}

function readerFor(path: string): (path: string, text: string) => readonly AccountDraft[] {
  const kind = extname(path).toLowerCase();
  if (kind === ".csv") return readCsvAccounts;
  if (kind === ".json") return readJsonAccounts;
  throw new UsageError(`${path}: accounts are imported from a file that ends in .csv or .json.`);
}

function decode(path: string, text: string): string {
  // Written by the decoder for what it could not read: half a name is no name.
  const broken = text.indexOf("\uFFFD");
  if (broken < 0) return text.replace(/^\uFEFF/, "");
  const line = text.slice(0, broken).split("\n").length;
  throw new CommandError(`${path} line ${line}: not UTF-8. Save the file in that encoding.`);
}

function describeFlaw({ where, memberName }: AccountDraft, flaw: { path: string; reason: string }): string {
  return `${where}${flaw.path === "" ? "" : `, ${memberName(flaw.path)}`}: ${flaw.reason}`;
}

/** What names an account names one alone, which the directory would say after half of the file is written. */
function findRepeats(placed: readonly PlacedAccount[]): readonly string[] {
  const first = new Map<string, string>();
  return placed.flatMap(({ where, account }) =>
    namesOf(account).flatMap(([kind, name]) => {
      const key = JSON.stringify([kind, name]);
      const before = first.get(key);
      first.set(key, before ?? where);
      return before === undefined || (before === where && kind !== "account")
        ? []
        : [`${where}: ${kind} of ${before} too`];
    }),
  );
}

function namesOf({ account, emails, saml_nameids, subjects }: Account): readonly (readonly [string, string])[] {
  return [
    ["account id", account],
    ...emails.map((email) => ["address", email] as const),
    ...saml_nameids.map((nameId) => ["SAML name", spellSamlNameId(nameId)] as const),
    ...subjects.map(({ issuer, tenant, sub }) => ["subject", JSON.stringify([issuer, tenant, sub])] as const),
  ];
}

function describeFlaws(path: string, flaws: readonly string[]): string {
  const hidden = flaws.length - FLAWS_SHOWN;
  return [
    `${path}: nothing was sent.`,
    ...flaws.slice(0, FLAWS_SHOWN).map((flaw) => `  ${flaw}`),
    ...(hidden > 0 ? [`  and ${hidden} more`] : []),
    "Correct the file there, and run the command again.",
  ].join("\n");
}
