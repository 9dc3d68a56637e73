import type { TokenMembers } from "./live-tokens.ts";
import { phrase } from "./search-records.ts";
import { type Ask, Conditions } from "./statement.ts";

/** In which column of audit_term the words of a member are; of others no more is asked than that they be equal. */
const COLUMNS: Readonly<Record<string, string>> = {
  issuer: "issuer",
  subject: "subject",
  principal: "names",
  token_id: "names",
  key_id: "names",
};

/**
 * Whether a token was ever granted that these members tell, as far back as the index goes. Found by words, and then
 * compared exactly. @throws SearchInvalid where there is no word in one
 */
export async function wasGranted(ask: Ask, members: TokenMembers): Promise<boolean> {
  const conditions = new Conditions();
  const words = Object.entries(members).flatMap(([member, value]) => {
    const column = COLUMNS[member];
    return column === undefined ? [] : [`${column} : ${phrase(value)}`];
  });
  const match = ["type : redemption", "decision : granted", ...words].join(" AND ");
  conditions.add(`audit_term MATCH ${conditions.value(match)}`);
  conditions.add("e.type = 'redemption' AND e.decision = 'granted'");
  conditions.add(`NOT EXISTS (SELECT 1 FROM json_each(${conditions.value(JSON.stringify(members))}) AS wanted
    WHERE e.event ->> wanted.key IS NOT wanted.value)`);
  const from = "audit_term t CROSS JOIN audit_event e ON e.place = t.rowid";
  const rows = await ask(conditions.statement(`SELECT 1 AS found FROM ${from}${conditions.where} LIMIT 1`));
  return rows.length > 0;
}
