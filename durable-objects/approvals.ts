import type { Approval, Decision, DecisionResult, Presented, PresentedResult } from "../src/approval/approval.ts";
import { organizationOf } from "../src/approval/approval-id.ts";
import { Outage } from "../src/audit/reason.ts";
import type { LedgerPlacement } from "../src/config.ts";
import type { ApprovalDesk } from "./approval-desk.ts";

type Placement = Pick<LedgerPlacement, "jurisdiction" | "locationHint">;
/** What a call is told that has come to its desk. */
export type DeskAnswer = Exclude<PresentedResult, { readonly outcome: "backlogged" }>;
type Desk = DurableObjectStub<ApprovalDesk>;

/** The Worker's side of the desks, one an organization, kept where the ledgers are. */
export class Approvals {
  readonly #desks: DurableObjectNamespace<ApprovalDesk>;
  readonly #placement: Placement;

  constructor(desks: DurableObjectNamespace<ApprovalDesk>, placement: Placement) {
    this.#desks = placement.jurisdiction === null ? desks : desks.jurisdiction(placement.jurisdiction);
    this.#placement = placement;
  }

  /** @throws Outage approvals_unavailable, audit_backlog: and then the call must not go on */
  async present(presented: Presented): Promise<DeskAnswer> {
    const { organization } = presented.call;
    const result = await this.#ask<PresentedResult>(organization, async (desk) => desk.present(presented));
    if (result.outcome === "backlogged") throw new Outage("audit_backlog");
    return result;
  }

  /** @throws Outage */
  async decide(decision: Decision): Promise<Exclude<DecisionResult, "backlogged">> {
    const organization = organizationOf(decision.id);
    if (organization === null) return "unknown";
    const result: DecisionResult = await this.#ask(organization, (desk) => desk.decide(decision));
    if (result === "backlogged") throw new Outage("audit_backlog");
    return result;
  }

  /** @throws Outage */
  async find(id: string): Promise<Approval | null> {
    const organization = organizationOf(id);
    return organization === null ? null : this.#ask(organization, (desk) => desk.find(id));
  }

  /** @throws Outage */
  list(organization: string): Promise<readonly Approval[]> {
    return this.#ask(organization, (desk) => desk.list());
  }

  /** Once more for an object that was just moved or restarted: every question may be repeated. */
  async #ask<Answer>(organization: string, question: (desk: Desk) => Promise<Answer>): Promise<Answer> {
    try {
      return await question(this.#deskOf(organization));
    } catch {
      return question(this.#deskOf(organization)).catch((error: unknown) => {
        throw new Outage("approvals_unavailable", { cause: error });
      });
    }
  }

  #deskOf(organization: string): Desk {
    const hint = this.#placement.locationHint;
    const name = `approvals/v1/${organization}`;
    return this.#desks.getByName(name, hint === null ? undefined : { locationHint: hint });
  }
}
