import { describe, expect, it } from "vitest";
import { mergeFindings } from "../../src/guardrails/finding.ts";
import { personalData } from "../../src/guardrails/personal-data.ts";
import { SECRETS } from "../../src/guardrails/secrets.ts";
import { PERSONAL_DATA } from "../../src/trust/guardrail.ts";

const cut = (text: string, find: (text: string) => readonly { start: number; end: number; label: string }[]) =>
  mergeFindings(find(text)).map(({ start, end, label }) => [label, text.slice(start, end)]);
const run = (length: number, alphabet = "aB3dE6gH9"): string => alphabet.repeat(length).slice(0, length);
const secretsIn = (text: string) => cut(text, SECRETS.find);
const personalIn = (text: string) => cut(text, personalData(PERSONAL_DATA).find);

describe("secrets", () => {
  const rows: readonly [string, string][] = [
    ["aws_access_key", "AKIAIOSFODNN7EXAMPLE"],
    ["github_token", `ghp_${run(36)}`],
    ["github_token", `github_pat_${run(82)}`],
    ["gitlab_token", `glpat-${run(20)}`],
    ["slack_token", `xoxb-${run(12, "1234567890")}-${run(24)}`],
    ["slack_webhook", `hooks.slack.com/services/T${run(8, "AB12")}/B${run(8, "AB12")}/${run(24)}`],
    ["google_api_key", `AIza${run(35)}`],
    ["google_token", `ya29.${run(60)}`],
    ["stripe_key", `sk_live_${run(24)}`],
    ["model_provider_key", `sk-ant-api03-${run(80)}`],
    ["npm_token", `npm_${run(36)}`],
    ["pypi_token", `pypi-AgEIcHlwaS5vcmc${run(60)}`],
    ["sendgrid_key", `SG.${run(22)}.${run(43)}`],
    ["jwt", `eyJ${run(20)}.eyJ${run(40)}.${run(43)}`],
    ["bearer_token", `Bearer ${run(30)}`],
    ["url_password", "://admin:hunter2hunter2@"],
    ["private_key", `-----BEGIN RSA PRIVATE KEY-----\n${run(64)}\n-----END RSA PRIVATE KEY-----`],
    ["private_key", `-----BEGIN PRIVATE KEY-----\n${run(64)}`],
  ];

  it.each(rows)("%s is found, and all of it", (label, secret) => {
    expect(secretsIn(`before "${secret}`)).toEqual([[label, secret]]);
    expect(secretsIn(secret)).toEqual([[label, secret]]);
  });

  it.each([
    "The AKIA prefix of a key, and ghp_ or sk- in a sentence.",
    `task-${run(40)}`,
    `${run(10)}AKIAIOSFODNN7EXAMPLE`,
    "a bearer of news; Bearer of all",
    "https://example.com:8080/path@2",
    "eyJhbGciOi is how a token begins",
    "-----BEGIN PUBLIC KEY-----",
    "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    crypto.randomUUID(),
  ])("are not found in %j", (text) => {
    expect(secretsIn(text)).toEqual([]);
  });

  it("are found one after the other, and two keys apart", () => {
    const key = "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----";
    expect(secretsIn(`${key}\nbetween\n${key}`)).toHaveLength(2);
    expect(secretsIn("AKIAIOSFODNN7EXAMPLE AKIAIOSFODNN7EXAMPLE")).toHaveLength(2);
  });
});

describe("personal data", () => {
  it.each([
    ["email", "ada.lovelace+x@mail.example.co.uk"],
    ["phone", "+46 70 123 45 67"],
    ["phone", "+1 (212) 555-0123"],
    ["credit_card", "4111 1111 1111 1111"],
    ["credit_card", "378282246310005"],
    ["iban", "DE89 3704 0044 0532 0130 00"],
    ["iban", "GB82WEST12345698765432"],
    ["us_ssn", "219-09-9999"],
  ])("%s is found: %s", (label, text) => {
    expect(personalIn(`to ${text}, please`)).toEqual([[label, text]]);
  });

  it.each([
    ["credit_card", "order 12 ", "4111 1111 1111 1111", ""],
    ["credit_card", "", "4111 1111 1111 1111", " 12/27 123"],
    ["credit_card", "2026-11-21 ", "4111-1111-1111-1111", "-7"],
    ["credit_card", "no.", "378282246310005", ".5"],
    ["credit_card", "card", "5555555555554444", "exp"],
    ["credit_card", "1 ", "4111\u00A01111\u00A01111\u00A01111", " 1"],
    ["iban", "my ", "DE89 3704 0044 0532 0130 00", " BIC COBADEFF"],
    ["iban", "IBAN", "DE89370400440532013000", ""],
    ["iban", "to ", "DE89 3704 0044 0532 0130 00", " 2026 1"],
    ["iban", "A1 ", "de89 3704 0044 0532 0130 00", ", x"],
    ["iban", "", "GB82-WEST-1234-5698-7654-32", "-x"],
    ["iban", "", "NO93 8601 1117 947", " 12"],
  ])("%s is found beside other words and digits: %s%s%s", (label, before, text, after) => {
    expect(personalIn(`${before}${text}${after}`)).toEqual([[label, text]]);
  });

  it.each([
    "12345678901234567890123456789012345678901234567890",
    "41111111111111112",
    "4111 1111 1111",
    "DE89 3704 0044 0532 0130 001",
    "XDE89370400440532013000",
    "QQ89 3704 0044 0532 0130 00",
    "4111 1111 1111 1112",
    "0000 0000 0000 0000",
    "1234567890123452",
    "DE89 3704 0044 0532 0130 01",
    "000-12-3456",
    "@handle and a@b",
    "2026-11-21T18:00:00+01:00",
    "1+12",
    "sha 3.14159265358979323846",
  ])("is not found in %j", (text) => {
    expect(personalIn(text)).toEqual([]);
  });

  it("is looked for by the kinds that were named, and no others", () => {
    expect(cut("a@example.com 219-09-9999", personalData(["us_ssn"]).find)).toEqual([["us_ssn", "219-09-9999"]]);
  });
});
