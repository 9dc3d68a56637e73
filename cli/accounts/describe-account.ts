import type { Account } from "../../src/trust/account.ts";
import { inert } from "../inert-text.ts";
import type { FoundAccount } from "./account-directory.ts";

/** A line for people: id, name, addresses. */
export function toAccountLine({ account, name, emails }: Account): string {
  return [account, name, emails.join(" ")]
    .map(inert)
    .filter((part) => part !== "")
    .join("  ");
}

/** What finds the account, and who came. */
export function describeAccount({ account: { account, name, emails, saml_nameids }, bindings }: FoundAccount): string {
  const rows: readonly (readonly [string, string])[] = [
    ["account", account],
    ["name", name],
    ...emails.map((email) => ["email", email] as const),
    ...saml_nameids.map(({ issuer, nameid }) => ["SAML name", `${nameid} at ${issuer}`] as const),
    ...bindings.map(
      ({ issuer, tenant, sub, bound_by, bound_at }) =>
        [
          "subject",
          `${sub} at ${issuer}${tenant === null ? "" : `, tenant ${tenant}`} (by ${bound_by}, ${bound_at})`,
        ] as const,
    ),
  ];
  return rows
    .filter(([, value]) => value !== "")
    .map(([label, value]) => `${label.padEnd(10)} ${inert(value)}\n`)
    .join("");
}
