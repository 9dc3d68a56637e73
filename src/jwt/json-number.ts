import { LIMITS } from "../limits.ts";

const PARTS = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
/** What a double's decimal digits run to at most; C's %.17g prints them all. */
const DOUBLE_DIGITS = 17;

/**
 * Whether the decimal number in `token` is still that number once it has been a double: 1e-400 would come out as 0, -0
 * as 0, and 4503599627370497.7 as another one. An integer must be one that every parser holds. The digits that a
 * printer adds to a double, up to the seventeenth, are the double's own and may be there.
 */
export function survivesAsDouble(token: string): boolean {
  if (token.length > LIMITS.jsonNumberCharacters) return false;
  const value = Number(token);
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) return false;
  const decimal = canonicalDecimal(token);
  return decimal === canonicalDecimal(String(value)) || decimal === canonicalDecimal(value.toPrecision(DOUBLE_DIGITS));
}

/** One spelling for each decimal number, and for each sign of nought: sign, digits without outer noughts, exponent. */
function canonicalDecimal(text: string): string | null {
  const [, sign, whole = "", fraction = "", exponent = "0"] = PARTS.exec(text) ?? [];
  if (sign === undefined) return null;
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return `${sign}0`;
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}
