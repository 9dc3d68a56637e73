import { DurableObject } from "cloudflare:workers";
import { makeApprovalId } from "../src/approval/approval-id.ts";
import type { Approval, Decision, DecisionResult, Presented, PresentedResult } from "../src/approval/approval.ts";
import { approvalEvent } from "../src/approval/approval-event.ts";
import { findObstacle } from "../src/approval/may-decide.ts";
import { type AuditEvent, serializeAuditEvent, traceWithoutRequest } from "../src/audit/audit-event.ts";
import { log } from "../src/audit/operator-log.ts";
import { SubjectNames } from "../src/audit/subject-names.ts";
import { parseConfig } from "../src/config.ts";
import { LIMITS } from "../src/limits.ts";
import { ApprovalTables, type StoredApproval } from "./approval-tables.ts";
import { LedgerShards } from "./ledger-shards.ts";

const RETENTION_MILLISECONDS = LIMITS.approvalRetentionSeconds * 1000;

/**
 * The calls of one organization that wait for a person. Each method is one synchronous transaction, its audit record
 * included: of two calls that come for one approval at once, one finds it used. An approval is used up before the call is
 * forwarded, so that whatever dies in between, the call is never made twice; it may be that it is not made at all.
 */
export class ApprovalDesk extends DurableObject<Env> {
  readonly #tables: ApprovalTables;
  #alarmAt: number | null = null;
  #delivering: Promise<void> | null = null;

  constructor(context: DurableObjectState, env: Env) {
    super(context, env);
    this.#tables = new ApprovalTables(context.storage.sql);
  }

  /** Uses the approval up where there is one; else says how the request stands, which is made where there is none. */
  present(presented: Presented): PresentedResult {
    const now = Date.now();
    const result = this.ctx.storage.transactionSync(() => this.#present(presented, now));
    this.#goOn();
    return result;
  }

  /** Safe to repeat. */
  decide(decision: Decision): DecisionResult {
    const now = Date.now();
    const result = this.ctx.storage.transactionSync(() => this.#decide(decision, now));
    this.#goOn();
    return result;
  }

  find(id: string): Approval | null {
    const found = this.#tables.find(id);
    if (found === null) return null;
    const isOverdue = isOpen(found) && found.expiresAtMilliseconds <= Date.now();
    return toApproval(isOverdue ? { ...found, state: "expired" } : found);
  }

  /** Those that wait for a decision, the oldest first. */
  list(): Approval[] {
    return this.#tables.listPending(Date.now(), LIMITS.approvalsListed).map(toApproval);
  }

  /** Never throws: an alarm that does gives up for good after seven attempts. */
  override async alarm(): Promise<void> {
    this.#alarmAt = null;
    try {
      this.ctx.storage.transactionSync(() => this.#expire(Date.now()));
      await this.#deliver();
    } catch {
      // Storage that fails now is tried again below.
    } finally {
      this.#rearm();
    }
  }

  #present(presented: Presented, now: number): PresentedResult {
    const { key, attemptId, usesUp } = presented;
    const again = this.#tables.findConsumed(key, attemptId);
    if (again !== null) return { outcome: "consumed", ...placeOf(again) };
    if (this.#tables.countEvents() >= LIMITS.approvalEvents) return { outcome: "backlogged" };
    const live = this.#tables.findLive(key, now);
    if (live === null) return this.#ask(presented, now);
    if (live.state !== "approved") {
      return { outcome: live.state === "denied" ? "denied" : "pending", ...placeOf(live) };
    }
    if (!usesUp) return { outcome: "approved", ...placeOf(live) };
    this.#tables.end(live, "consumed", attemptId);
    this.#record(live, "consumed", presented.trace);
    return { outcome: "consumed", ...placeOf(live) };
  }

  #ask({ key, call, expiresInSeconds, trace }: Presented, now: number): PresentedResult {
    const isFull =
      this.#tables.countLive(now) >= LIMITS.approvalsPerOrganization ||
      this.#tables.countLive(now, call.principal) >= LIMITS.approvalsPerPrincipal;
    if (isFull) return { outcome: "full" };
    const windowMilliseconds = expiresInSeconds * 1000;
    const asked: StoredApproval = {
      id: makeApprovalId(call.organization),
      key,
      state: "pending",
      call,
      askedAtMilliseconds: now,
      expiresAtMilliseconds: now + windowMilliseconds,
      windowMilliseconds,
      decidedBy: null,
      attemptId: null,
    };
    this.#tables.insert(asked);
    this.#record(asked, "asked", trace);
    return { outcome: "pending", ...placeOf(asked) };
  }

  #decide({ id, verdict, approver, isRequester, trace, dryRun }: Decision, now: number): DecisionResult {
    const found = this.#tables.find(id);
    if (found === null) return "unknown";
    const obstacle = findObstacle(found.call, approver, isRequester);
    if (obstacle !== null) return obstacle;
    if (found.expiresAtMilliseconds <= now) return "over";
    if (found.state === verdict && found.decidedBy === approver.name) return "decided";
    if (found.state !== "pending") return "over";
    if (this.#tables.countEvents() >= LIMITS.approvalEvents) return "backlogged";
    if (dryRun) return "decided";
    // An approval is good for as long again; a denial is remembered for as long as the request would have stood.
    const expiresAt = verdict === "approved" ? now + found.windowMilliseconds : found.expiresAtMilliseconds;
    this.#tables.decide(id, { state: verdict, by: approver.name, expiresAt });
    this.#record({ ...found, decidedBy: approver.name }, verdict, trace);
    return "decided";
  }

  #expire(now: number): void {
    for (const approval of this.#tables.findOverdue(now, LIMITS.approvalsPerOrganization)) {
      this.#tables.end(approval, "expired", null);
      this.#record(approval, "expired", traceWithoutRequest(now));
    }
    this.#tables.forgetBefore(now - RETENTION_MILLISECONDS);
  }

  #record(approval: Approval, action: Parameters<typeof approvalEvent>[1], trace: Presented["trace"]): void {
    this.#tables.appendEvent(approvalEvent(approval, action, trace));
  }

  /** The records go to the ledgers beside the answer; the alarm sends what could not be sent. */
  #goOn(): void {
    this.ctx.waitUntil(this.#deliver().catch(() => undefined));
    this.#rearm();
  }

  /** One at a time, and the same for all who wait for it: it ends when nothing is left. */
  #deliver(): Promise<void> {
    this.#delivering ??= this.#deliverAll().finally(() => {
      this.#delivering = null;
    });
    return this.#delivering;
  }

  async #deliverAll(): Promise<void> {
    try {
      const { ledger, auditSubjects } = parseConfig(this.env);
      const ledgers = new LedgerShards(this.env.ASSERTION_LEDGER, ledger);
      const names = new SubjectNames(auditSubjects, this.env.STATE_SECRET);
      const send = async (event: AuditEvent): Promise<void> =>
        ledgers.record(event.id, serializeAuditEvent(await names.record(event)));
      let events = this.#tables.readEvents(LIMITS.approvalEventsPerDelivery);
      while (events.length > 0) {
        for (const { sequence, event } of events) {
          // oxlint-disable-next-line no-await-in-loop -- in order, so that nothing is on record before what it follows
          await send(event);
          this.#tables.removeEvent(sequence);
        }
        events = this.#tables.readEvents(LIMITS.approvalEventsPerDelivery);
      }
    } catch (error) {
      log({ event: "approval_records_delayed", class: error instanceof Error ? error.name : typeof error });
    }
  }

  /** One write for each alarm: one that is set for earlier is left standing. */
  #rearm(): void {
    const now = Date.now();
    const due = this.#tables.nextDue(RETENTION_MILLISECONDS);
    const retry = this.#tables.countEvents() > 0 ? now + LIMITS.approvalDeliveryMilliseconds : null;
    const at = Math.min(due ?? Number.POSITIVE_INFINITY, retry ?? Number.POSITIVE_INFINITY);
    if (at === Number.POSITIVE_INFINITY || (this.#alarmAt !== null && this.#alarmAt <= at)) return;
    this.#alarmAt = Math.max(at, now);
    void this.ctx.storage.setAlarm(this.#alarmAt);
  }
}

function isOpen({ state }: StoredApproval): boolean {
  return state === "pending" || state === "approved";
}

function placeOf({ id, expiresAtMilliseconds }: StoredApproval) {
  return { id, expiresAtMilliseconds };
}

function toApproval({ attemptId: _attempt, windowMilliseconds: _window, ...approval }: StoredApproval): Approval {
  return approval;
}
