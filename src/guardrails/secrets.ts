import { type Detector, type Finding, findMatches } from "./finding.ts";

/**
 * Credentials that give themselves away by the prefix that their issuers document. Each begins with fixed characters and
 * goes on in one class with a bound, so that a place of a text costs no more than the shortest match is long; the two
 * with a second part only begin where a word does.
 */
const RULES: readonly (readonly [string, RegExp])[] = [
  ["aws_access_key", /(?<![A-Za-z0-9])A(?:KIA|SIA|ROA|IDA|GPA|NPA|NVA|IPA)[A-Z0-9]{16}(?![A-Za-z0-9])/g],
  ["github_token", /(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})/g],
  ["gitlab_token", /(?<![A-Za-z0-9])gl(?:pat|dt|rt|ptt|soat)-[A-Za-z0-9_-]{20,255}/g],
  ["slack_token", /(?<![A-Za-z0-9])(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,255}/g],
  ["slack_webhook", /hooks\.slack\.com\/services\/T[A-Z0-9]{8,12}\/B[A-Z0-9]{8,12}\/[A-Za-z0-9]{20,32}/g],
  ["google_api_key", /(?<![A-Za-z0-9])(?:AIza[A-Za-z0-9_-]{35}|GOCSPX-[A-Za-z0-9_-]{28})/g],
  ["google_token", /(?<![A-Za-z0-9])ya29\.[A-Za-z0-9_-]{20,1024}/g],
  ["stripe_key", /(?<![A-Za-z0-9])(?:[sr]k_(?:live|test)_[A-Za-z0-9]{16,255}|whsec_[A-Za-z0-9+/=]{32,128})/g],
  ["model_provider_key", /(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{32,255}/g],
  ["npm_token", /(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36}/g],
  ["pypi_token", /(?<![A-Za-z0-9])pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,255}/g],
  ["sendgrid_key", /(?<![A-Za-z0-9])SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}/g],
  ["jwt", /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{8,8192}\.[A-Za-z0-9_-]{16,2048}/g],
  ["bearer_token", /(?<![A-Za-z0-9])[Bb]earer [A-Za-z0-9._~+/-]{20,4096}/g],
  ["url_password", /:\/\/[^\s/:@]{1,64}:[^\s/:@]{1,128}@/g],
];

const KEY_BEGINS = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
const KEY_ENDS = "-----END";

export const SECRETS: Detector = {
  find: (text) => [...findMatches(text, RULES), ...findPrivateKeys(text)],
  readsBinary: true,
};

/** To the line that ends it, or where there is none to the end of the text: half of a key is no less secret. */
function findPrivateKeys(text: string): readonly Finding[] {
  const findings: Finding[] = [];
  for (let begin = next(text, 0); begin !== null; begin = next(text, begin.end)) {
    const end = text.indexOf(KEY_ENDS, begin.end);
    begin = { start: begin.start, end: end === -1 ? text.length : endOfLine(text, end) };
    findings.push({ ...begin, label: "private_key" });
  }
  return findings;
}

function next(text: string, from: number): { readonly start: number; readonly end: number } | null {
  KEY_BEGINS.lastIndex = from;
  const found = KEY_BEGINS.exec(text);
  return found === null ? null : { start: found.index, end: found.index + found[0].length };
}

function endOfLine(text: string, from: number): number {
  const at = text.indexOf("\n", from);
  return at === -1 ? text.length : at;
}
