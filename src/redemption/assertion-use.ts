import type { Decided } from "./dependencies.ts";

/**
 * Who may redeem this assertion again until it expires: nobody, unless its issuer's record says `until_expiry`; then the
 * client that redeemed it first, with the key that it proved then or, if none, without one. Another key is another
 * holder, or a bound first token would say nothing about the second. It spares nobody a check: each redemption passes
 * all of them again, and has a record.
 */
export function mayUseAgain({
  idp,
  client,
  contents,
}: Pick<Decided, "idp" | "client" | "contents">): readonly string[] | null {
  if (idp.assertion_use === "single") return null;
  const { confirmedKey } = contents;
  // A key that is absent and one that is empty must not be the same.
  return [client.client_id, confirmedKey === null ? "" : `k${confirmedKey}`];
}
