import type { PERSONAL_DATA } from "../trust/guardrail.ts";
import { type Detector, type Finding, findMatches } from "./finding.ts";

type Kind = (typeof PERSONAL_DATA)[number];

const LOCAL_PART = /[A-Za-z0-9._%+-]/;
const LOCAL_PART_CHARACTERS = 64;
const DOMAIN = /(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}/y;
const CARD = /(?<![0-9.])(?:\d[ -]?){12,18}\d(?!\d)/g;
const IBAN = /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])/g;
const PHONE = /(?<![A-Za-z0-9])\+[1-9](?:[ .()-]{0,2}\d){7,14}(?!\d)/g;
const US_SSN = /(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])/g;

const FIND: Record<Kind, (text: string) => readonly Finding[]> = {
  email: findAddresses,
  phone: (text) => findMatches(text, [["phone", PHONE]]),
  credit_card: (text) => valid(text, findMatches(text, [["credit_card", CARD]]), isCardNumber),
  iban: (text) => valid(text, findMatches(text, [["iban", IBAN]]), isIban),
  us_ssn: (text) => findMatches(text, [["us_ssn", US_SSN]]),
};

/** In bytes that are no text, anything may look like an address. */
export function personalData(kinds: readonly Kind[]): Detector {
  return { find: (text) => kinds.flatMap((kind) => FIND[kind](text)), readsBinary: false };
}

/** Outward from each @, so that a long run of letters costs nothing. */
function findAddresses(text: string): readonly Finding[] {
  const findings: Finding[] = [];
  for (let at = text.indexOf("@"); at !== -1; at = text.indexOf("@", at + 1)) {
    let start = at;
    while (start > 0 && at - start < LOCAL_PART_CHARACTERS && LOCAL_PART.test(text[start - 1] ?? "")) start -= 1;
    DOMAIN.lastIndex = at + 1;
    const domain = start === at ? null : DOMAIN.exec(text);
    if (domain !== null) findings.push({ start, end: at + 1 + domain[0].length, label: "email" });
  }
  return findings;
}

function valid(text: string, findings: readonly Finding[], isOne: (match: string) => boolean): readonly Finding[] {
  return findings.filter(({ start, end }) => isOne(text.slice(start, end)));
}

/** ISO/IEC 7812: an issuer's first digits, and the check digit of Luhn. */
function isCardNumber(match: string): boolean {
  const digits = match.replaceAll(/[ -]/g, "");
  if (!/^(?:3[0-9]|4|5[0-9]|6[0-9]|2[2-7])/.test(digits) || /^(\d)\1*$/.test(digits)) return false;
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** ISO 13616: turned around and read as a number, one more than a multiple of 97. */
function isIban(match: string): boolean {
  const account = match.replaceAll(" ", "");
  let remainder = 0;
  for (const char of `${account.slice(4)}${account.slice(0, 4)}`)
    for (const digit of String(Number.parseInt(char, 36))) remainder = (remainder * 10 + Number(digit)) % 97;
  return account.length >= 15 && account.length <= 34 && remainder === 1;
}
