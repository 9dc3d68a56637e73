import type { PERSONAL_DATA } from "../trust/guardrail.ts";
import { findCardNumbers } from "./card-number.ts";
import { type Detector, type Finding, findMatches } from "./finding.ts";
import { findIbans } from "./iban.ts";

type Kind = (typeof PERSONAL_DATA)[number];

const LOCAL_PART = /[A-Za-z0-9._%+-]/;
const LOCAL_PART_CHARACTERS = 64;
const DOMAIN = /(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}/y;
const PHONE = /(?<![A-Za-z0-9])\+[1-9](?:[ .()-]{0,2}\d){7,14}(?!\d)/g;
const US_SSN = /(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])/g;

const FIND: Record<Kind, (text: string) => readonly Finding[]> = {
  email: findAddresses,
  phone: (text) => findMatches(text, [["phone", PHONE]]),
  credit_card: findCardNumbers,
  iban: findIbans,
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
