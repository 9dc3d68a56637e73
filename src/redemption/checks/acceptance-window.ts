import type { TrustedIdp } from "../../trust/trusted-idp.ts";
import { type AcceptanceWindow, findWindow } from "../acceptance-window.ts";
import type { IdJag, Presented } from "../assertion.ts";
import type { Passed } from "../passed.ts";
import { Rejected } from "../rejection.ts";

type Needs = Pick<Presented, "nowSeconds"> & {
  readonly idJag: IdJag;
  readonly idp: TrustedIdp;
  readonly audienceChecked: Passed<"audience">;
};

/** EMA §7.4.1-2, RFC 7523 §3: not early, not late, and never long-lived, however far off `exp` is. */
export function acceptanceWindow({ idJag, idp, nowSeconds }: Needs): { window: AcceptanceWindow } {
  const window = findWindow(idJag, nowSeconds, {
    clockToleranceSeconds: idp.clock_tolerance_seconds,
    maximumLifetimeSeconds: idp.maximum_lifetime_seconds,
  });
  if (typeof window === "string") throw new Rejected(window);
  return { window };
}
