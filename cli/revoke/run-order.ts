import { setTimeout as pause } from "node:timers/promises";
import { ORDER_REASON, type Order } from "../../src/revocation/orders.ts";
import { chooseBackend, openAdminClient } from "../backend/open-backend.ts";
import { parseCommandLine, parseWholeNumber } from "../command.ts";
import { CommandError, UsageError } from "../command-error.ts";
import { confirm } from "../confirm.ts";
import { awaitEffect, isDone } from "./await-effect.ts";
import { describeNamed, parseNamed, requireSignIns } from "./named.ts";
import { Orders, type OrderStatus, type OrderToGive, type Reach } from "./orders.ts";

const OPTIONS = {
  state: { type: "string" },
  url: { type: "string" },
  key: { type: "string" },
  reason: { type: "string" },
  "sign-in-again": { type: "boolean", default: false },
  wait: { type: "string", default: "60" },
  yes: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

const MAXIMUM_WAIT_SECONDS = 3600;

interface Settings {
  readonly where: string;
  readonly toGive: OrderToGive;
  readonly limitSeconds: number;
  readonly asksFirst: boolean;
  readonly asJson: boolean;
}

/** `revoke`, `restore` and `keys revoke`, of which each says what is named and what becomes of it. */
export async function runOrder(verb: "revoke" | "restore", commandLine: readonly string[]): Promise<void> {
  const { values, positionals } = parseCommandLine({
    args: [...commandLine],
    options: OPTIONS,
    allowPositionals: true,
  });
  const what = parseNamed(positionals);
  if (values["sign-in-again"]) requireSignIns(positionals[0] ?? "");
  const toGive = { what, order: orderOf(verb, values["sign-in-again"]), reason: parseReason(values.reason) };
  const limitSeconds = parseWholeNumber({
    option: "--wait",
    text: values.wait,
    minimum: 0,
    maximum: MAXIMUM_WAIT_SECONDS,
  });
  if (values.json && !values.yes)
    throw new UsageError("With --json there is nothing to look at before you say yes: give --yes too.");
  const client = await openAdminClient(chooseBackend({ ...values, remote: false }));
  const settings = { where: client.url, toGive, limitSeconds, asksFirst: !values.yes, asJson: values.json };
  await carryOut(new Orders(client), settings);
}

function orderOf(verb: "revoke" | "restore", isSignInAgain: boolean): Order {
  if (verb === "revoke") return isSignInAgain ? "sign_in_again" : "block";
  if (!isSignInAgain) return "restore";
  throw new UsageError(
    "--sign-in-again goes with revoke: what it has ended stays ended, and signing in again mends it.",
  );
}

function parseReason(reason: string | undefined): string {
  if (reason === undefined) throw new UsageError("Say why, for the audit trail: --reason offboarding, or a ticket.");
  if (ORDER_REASON.test(reason)) return reason;
  throw new UsageError(`--reason "${reason}": a word or a ticket of at most 64 letters, digits, _ . : and -.`);
}

async function carryOut(orders: Orders, settings: Settings): Promise<void> {
  const { where, toGive, limitSeconds, asJson } = settings;
  if (settings.asksFirst) await askFirst(orders, settings);
  const { reach, known, ...given } = await orders.give(toGive);
  if (known === false) process.stderr.write(`${describeUnknown(toGive)}\n`);
  const status = await awaitEffect(given, {
    read: (version) => orders.read(version),
    tell: (line) => process.stderr.write(`${line}\n`),
    now: Date.now,
    pause: (milliseconds) => pause(milliseconds),
    limitSeconds,
  });
  if (asJson) process.stdout.write(`${JSON.stringify({ where, ...toGive, ...status, reach, known })}\n`);
  requireEffect(status, limitSeconds);
  if (!asJson) process.stdout.write(`${describeDone(toGive)}\n  ${describeReach(reach)}\n`);
}

/** An index that cannot say what it hits must not stand in the way of stopping it. */
async function askFirst(orders: Orders, { where, toGive }: Settings): Promise<void> {
  const reach = await orders.preview(toGive.what).catch((error: unknown) => {
    if (!(error instanceof CommandError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return null;
  });
  process.stdout.write(`${describeNamed(toGive.what)}\n  ${describeReach(reach)}\n`);
  if (reach?.known === false) process.stderr.write(`${describeUnknown(toGive)}\n`);
  const verb = { block: "Revoke", sign_in_again: "End the sign-ins of", restore: "Restore" }[toGive.order];
  if (!(await confirm(`${verb} this at ${where}?`))) throw new CommandError("Declined: nothing was changed.");
}

function requireEffect(status: OrderStatus, limitSeconds: number): void {
  if (isDone(status)) return;
  const { in_effect, waiting_for, ledgers, people_still_connected, version } = status;
  const what = in_effect
    ? `nothing is issued any more, but the connected accounts of ${count(people_still_connected, "person", "people")} could not be ended after ${limitSeconds} s, which is tried again until it is done`
    : `not in effect everywhere after ${limitSeconds} s: ${waiting_for} of ${ledgers} ledgers may still issue, each until it hears of it or its lease ends`;
  throw new CommandError(
    `Given and on record: ${what}. GET /admin/v1/revocations/${version} tells; give the order again to wait again.`,
  );
}

function describeUnknown({ what }: OrderToGive): string {
  return `warning: ${describeNamed(what)} matches nothing known here: no document is about it, and no token was granted by it. Names are compared byte for byte: is it spelt so?`;
}

function describeReach(reach: Reach | null): string {
  if (reach === null) return "what rests on it could not be counted";
  const { tokens, people, clients, connections } = reach;
  return `${count(tokens, "live token")} of ${count(people, "person", "people")} at ${count(clients, "client")} in ${count(connections, "connection")}, by the records that have arrived`;
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

function describeDone({ what, order }: OrderToGive): string {
  const named = describeNamed(what);
  if (order === "restore") return `restored  ${named}: no longer blocked`;
  const issued = order === "block" ? "nothing more is issued" : "nothing is issued for a sign-in before now";
  return `revoked  ${named}: ${issued}; within 5 s the gateway refuses what is out, within 10 s its streams have ended`;
}
