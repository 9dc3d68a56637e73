import { AmbiguousJson, isObject, type Json, parseStrict } from "../../src/jwt/strict-json.ts";
import { CommandError } from "../command-error.ts";
import { JsonSyntaxError, parseJsonWithPosition } from "../json-position.ts";
import type { AccountDraft } from "./account-draft.ts";

/** Deep enough for an account; how many there are is the file's business. */
const BOUNDS = { depth: 12, members: Number.POSITIVE_INFINITY, foldCaseDepth: 0 };

/** A list of accounts, or what `account list --json` prints. @throws CommandError */
export function readJsonAccounts(path: string, text: string): readonly AccountDraft[] {
  const parsed = parse(path, text);
  const accounts: unknown = isObject(parsed) && Object.keys(parsed).join() === "accounts" ? parsed["accounts"] : parsed;
  if (!Array.isArray(accounts)) {
    throw new CommandError(`${path}: neither a list nor {"accounts": […]}. Write [{"account": "ada"}], say.`);
  }
  return accounts.map((value: unknown, index) => ({
    where: `accounts.${index}`,
    value,
    memberName: (member) => member,
  }));
}

function parse(path: string, text: string): Json {
  try {
    parseJsonWithPosition(text);
    return parseStrict(text, BOUNDS);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError) && !(error instanceof AmbiguousJson)) throw error;
    throw new CommandError(`${path}: not JSON that everybody reads alike: ${error.message}. Correct it there.`);
  }
}
