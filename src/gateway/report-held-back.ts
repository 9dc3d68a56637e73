import { makeAuditEvent, type RequestTrace } from "../audit/audit-event.ts";
import { hourlyId } from "../audit/hourly-id.ts";
import type { Recorder } from "../audit/recorder.ts";
import { LIMITS } from "../limits.ts";

/** What a list of tools is shown without. */
export interface HeldBack {
  readonly trace: RequestTrace;
  readonly resource: string;
  /** Approved under this name, and another definition now; null where there are two at once. */
  readonly changed: readonly { readonly name: string; readonly fingerprint: string | null }[];
  /** How many have a name that nobody approved; what it is only the server says, so it is not recorded. */
  readonly unapproved: number;
}

/** For whoever watches the servers: once an hour, however many lists tell the same thing. */
export async function reportHeldBack({ trace, resource, changed, unapproved }: HeldBack, recorder: Recorder) {
  const facts = { type: "tool_definition", decision: "done", resource } as const;
  const record = async (parts: readonly string[], more: Parameters<typeof makeAuditEvent>[2]): Promise<void> => {
    const id = await hourlyId(["tool_definition", resource, ...parts], trace.receivedAtMilliseconds);
    recorder.recordInBackground(makeAuditEvent(id, trace, more));
  };
  await Promise.all([
    ...changed.slice(0, LIMITS.changedToolsRecorded).map(({ name, fingerprint }) =>
      record(["changed", name, fingerprint ?? ""], {
        ...facts,
        action: "changed",
        reason: "tool_changed",
        target: name,
        revision_after: fingerprint,
      }),
    ),
    ...(unapproved === 0
      ? []
      : [
          record(["unapproved", String(unapproved)], {
            ...facts,
            action: "unapproved",
            reason: "tool_not_approved",
            count: unapproved,
          }),
        ]),
  ]);
}
