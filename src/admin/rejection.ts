import type { AuditFacts } from "../audit/audit-event.ts";
import type { AdminRefusal } from "../audit/reason.ts";

interface RejectionDetail {
  /** Who proved himself before he was refused all the same: by the time of a replay, say, the signature holds. */
  readonly admin?: string;
  /** Where in the request, and why: for whoever has proved who he is. Never a value that he sent. */
  readonly path?: string;
  readonly explanation?: string;
  /** The methods that there are. */
  readonly allowed?: readonly string[];
  /** What the record says beside the reason. */
  readonly facts?: Partial<AuditFacts>;
}

/** A refusal of the admin API. */
export class AdminRejected extends Error {
  override readonly name = "AdminRejected";
  readonly reason: AdminRefusal;
  readonly detail: RejectionDetail;

  constructor(reason: AdminRefusal, detail: RejectionDetail = {}) {
    super(reason);
    this.reason = reason;
    this.detail = detail;
  }
}
