import * as z from "zod";
import { organizationSchema } from "../../policy/organization.ts";
import { LIMITS } from "../../limits.ts";
import { subjectKeySchema } from "../../policy/subject-key.ts";
import { accountIdSchema, accountSchema } from "../../trust/account.ts";
import type { AdminDependencies } from "../dependencies.ts";
import { AdminRejected } from "../rejection.ts";
import { defineRoute, NO_BODY } from "../route.ts";

const addressSchema = z.strictObject({ organization: organizationSchema, account: accountIdSchema });
const boundSchema = subjectKeySchema.extend({ bound_by: z.string(), bound_at: z.iso.datetime() });

export const listAccounts = defineRoute({
  id: "list_accounts",
  method: "GET",
  path: "/admin/v1/accounts/{organization}",
  role: "viewer",
  summary: "An organization's accounts by id, a page at a time",
  parameters: z.strictObject({
    organization: organizationSchema,
    after: z.string().max(LIMITS.identifierBytes).default(""),
  }),
  body: NO_BODY,
  response: z.strictObject({ accounts: z.array(accountSchema), after: z.string().nullable() }),
  async handle({ parameters }, uses) {
    const accounts = await uses.accounts.list(parameters.organization, parameters.after);
    const after = accounts.length < LIMITS.accountsPerPage ? null : (accounts.at(-1)?.account ?? null);
    const facts = { organization: parameters.organization };
    return { facts, answer: { status: 200, body: { accounts: [...accounts], after } } };
  },
});

export const readAccount = defineRoute({
  id: "read_account",
  method: "GET",
  path: "/admin/v1/accounts/{organization}/{account}",
  role: "viewer",
  summary: "One account, and the subjects that are bound to it",
  parameters: addressSchema,
  body: NO_BODY,
  response: z.strictObject({ account: accountSchema, bindings: z.array(boundSchema) }),
  async handle({ parameters: facts }, uses) {
    const found = await uses.accounts.find(facts.organization, facts.account);
    if (found === null) throw new AdminRejected("admin_account_unknown", { facts });
    const bindings = found.bindings.map(({ boundBy, boundAtMilliseconds, ...subject }) => ({
      ...subject,
      bound_by: boundBy,
      bound_at: new Date(boundAtMilliseconds).toISOString(),
    }));
    return { facts, answer: { status: 200, body: { account: found.account, bindings } } };
  },
});

export const writeAccounts = defineRoute({
  id: "write_accounts",
  method: "POST",
  path: "/admin/v1/accounts/{organization}",
  role: "operator",
  summary: "Writes all of these accounts, or none where one of them names what is another's",
  parameters: z.strictObject({ organization: organizationSchema }),
  body: z.strictObject({
    accounts: z.array(accountSchema).min(1).max(LIMITS.accountsPerPage),
    existing: z.enum(["keep", "replace"]).default("keep").describe("What becomes of accounts that are there already"),
  }),
  response: z.strictObject({ written: z.int() }),
  async handle({ parameters, body: { accounts, existing } }, uses) {
    const about = { ...parameters, count: accounts.length };
    const facts = { ...about, action: existing === "keep" ? "created" : "changed" } as const;
    const put = async (dryRun: boolean): Promise<void> => {
      const [conflict] = await uses.accounts.put(parameters.organization, { accounts, existing, dryRun });
      if (conflict === undefined) return;
      const index = accounts.findIndex(({ account }) => account === conflict.account);
      const explanation = `${conflict.taken}: taken already`;
      throw new AdminRejected("admin_account_conflict", { path: `accounts.${index}`, explanation, facts: about });
    };
    // What is known to fail is not recorded as done; the change itself looks again.
    await put(true);
    const change = async () => {
      await put(false);
      return { status: 200, body: { written: accounts.length } };
    };
    return { facts, change };
  },
});

export const removeAccount = defineRoute({
  id: "remove_account",
  method: "DELETE",
  path: "/admin/v1/accounts/{organization}/{account}",
  role: "operator",
  summary: "Removes an account; its subjects are nobody until they find one again",
  parameters: addressSchema,
  body: NO_BODY,
  response: z.strictObject({ effective_within_seconds: z.int() }),
  async handle({ parameters: about }, uses) {
    if ((await uses.accounts.find(about.organization, about.account)) === null) {
      throw new AdminRejected("admin_account_unknown", { facts: about });
    }
    const change = () => changed(uses.accounts.remove(about.organization, about.account));
    return { facts: { ...about, action: "removed" } as const, change };
  },
});

export const unbindSubject = defineRoute({
  id: "unbind_subject",
  method: "POST",
  path: "/admin/v1/accounts/{organization}/unbind",
  role: "operator",
  summary: "Lets a subject find an account anew, and its account another subject",
  parameters: z.strictObject({ organization: organizationSchema }),
  body: subjectKeySchema,
  response: z.strictObject({ effective_within_seconds: z.int() }),
  async handle({ parameters, body }, uses: AdminDependencies) {
    const { issuer, tenant, sub: subject } = body;
    const facts = { ...parameters, issuer, tenant, subject, action: "changed" } as const;
    return { facts, change: () => changed(uses.accounts.unbind(parameters.organization, body)) };
  },
});

async function changed(done: Promise<boolean>) {
  if (!(await done)) throw new AdminRejected("admin_account_unknown");
  return { status: 200, body: { effective_within_seconds: LIMITS.accountFreshSeconds } };
}
