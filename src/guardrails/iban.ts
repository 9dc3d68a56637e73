import type { Finding } from "./finding.ts";

/** How long an account number of each country is, by the registry of ISO 13616: what follows is another word. */
const LENGTHS: ReadonlyMap<string, number> = new Map(
  Object.entries({
    15: "NO",
    16: "BE",
    18: "DK FO FI GL NL SD",
    19: "FK MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
  }).flatMap(([length, countries]) => countries.split(" ").map((country) => [country, Number(length)] as const)),
);
/** Where one may begin: at a word, or right behind the word for it. */
const BEGINS = /(?<![A-Za-z0-9])(?:IBAN)?([A-Z]{2})[ -]?\d[ -]?\d/gi;
const LETTER_OR_DIGIT = /[A-Za-z0-9]/;
const SEPARATOR = /[ \u00A0\u2007\u2009\u202F\u2010\u2011-]/;

/** Of any case and any groups, cut to what its country says: whatever stands beside it hides none. */
export function findIbans(text: string): readonly Finding[] {
  const findings: Finding[] = [];
  // One after the other: a text may begin a million of them.
  for (const { index, 0: begin, 1: country = "" } of text.matchAll(BEGINS)) {
    const start = index + (/^iban[a-z]/i.test(begin) ? "IBAN".length : 0);
    const length = LENGTHS.get(country.toUpperCase());
    const read = length === undefined ? null : readAccount(text, start, length);
    if (read !== null && hasCheckDigits(read.account)) findings.push({ start, end: read.end, label: "iban" });
  }
  return findings;
}

/** So many letters and digits, with one separator between two at the most, and where the word ends too. */
function readAccount(text: string, start: number, length: number): { account: string; end: number } | null {
  let [account, at] = ["", start];
  while (account.length < length) {
    if (account !== "" && SEPARATOR.test(text[at] ?? "")) at += 1;
    const character = text[at] ?? "";
    if (!LETTER_OR_DIGIT.test(character)) return null;
    account += character;
    at += 1;
  }
  return LETTER_OR_DIGIT.test(text[at] ?? "") ? null : { account: account.toUpperCase(), end: at };
}

/** ISO 13616: turned around and read as a number, one more than a multiple of 97. */
function hasCheckDigits(account: string): boolean {
  let remainder = 0;
  for (const character of `${account.slice(4)}${account.slice(0, 4)}`)
    for (const digit of String(Number.parseInt(character, 36))) remainder = (remainder * 10 + Number(digit)) % 97;
  return remainder === 1;
}
