import type { Finding } from "./finding.ts";

/** Issuers' first digits, and how many digits their cards have (ISO/IEC 7812). */
const ISSUERS: readonly (readonly [RegExp, ReadonlySet<number>])[] = [
  [/^4/, new Set([13, 16, 19])],
  [/^(?:5[1-5]|2[2-7])/, new Set([16])],
  [/^3[47]/, new Set([15])],
  [/^3(?:0|[689])/, new Set([14, 15, 16, 17, 18, 19])],
  [/^35/, new Set([16, 17, 18, 19])],
  [/^(?:50|5[6-9]|6)/, new Set([13, 14, 15, 16, 17, 18, 19])],
];
const SHORTEST = 13;
const LONGEST = 19;
/** Digits side by side; not those behind a decimal point. */
const GROUP = /(?<!\d\.)(?<!\d)\d+/g;
const SEPARATOR = /^[ \u00A0\u2007\u2009\u202F\u2010\u2011-]$/;

/**
 * Wherever a group of digits begins, and up to where one ends: an order's number, a date or a code beside a card's number
 * hides it no more than a word does. Each group is read with no more of those behind it than the longest card has digits,
 * and none is kept: a text may have a million of them.
 */
export function findCardNumbers(text: string): readonly Finding[] {
  const findings: Finding[] = [];
  for (const { index } of text.matchAll(GROUP)) {
    const end = findEnd(text, index);
    if (end !== null) findings.push({ start: index, end, label: "credit_card" });
  }
  return findings;
}

/** @returns where the number ends that begins there, or null where none does */
function findEnd(text: string, start: number): number | null {
  let [number, end] = ["", start];
  while (number.length <= LONGEST) {
    for (; isDigit(text, end) && number.length <= LONGEST; end += 1) number += text[end] ?? "";
    if (number.length >= SHORTEST && isCardNumber(number)) return end;
    if (!isDigit(text, end + 1) || !SEPARATOR.test(text[end] ?? "")) return null;
    end += 1;
  }
  return null;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
}

/** By its issuer's length, and the check digit of Luhn. */
function isCardNumber(number: string): boolean {
  if (!ISSUERS.some(([prefix, lengths]) => prefix.test(number) && lengths.has(number.length))) return false;
  let sum = 0;
  for (let index = 0; index < number.length; index += 1) {
    const digit = Number(number[number.length - 1 - index]);
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
