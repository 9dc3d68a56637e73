import type { TrustDocument } from "../../cli/trust-documents.ts";
import {
  clientDocument,
  CROSSGATE,
  idpDocument,
  type Members,
  permitRule,
  policyDocument,
  resourceDocument,
} from "../support/documents.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { writeDocument } from "./trust-fixture.ts";

export const DEPLOYMENT = { issuer: CROSSGATE, rules: { ownHost: "crossgate.example", allowsLoopback: false } };

/** Files by name. null leaves one out. */
export type Files = Readonly<Record<string, Members | string | null>>;

/** A trust directory with nothing wrong in it, but for what `changes` says. */
export function acmeFiles(changes: Files = {}): Files {
  return {
    "idp/idp.example.com.json": idpDocument({ groups_claim: "groups", email_domains: ["acme.example"] }),
    "client/agent.json": clientDocument(),
    "resource/files.json": resourceDocument(),
    "policy/acme.json": policyDocument(),
    ...changes,
  };
}

/** A policy of acme with these rules. */
export function policyWith(...rules: readonly Members[]): Files {
  return { "policy/acme.json": policyDocument({ rules }) };
}

export function ruleWith(overrides: Members): Files {
  return policyWith(permitRule(overrides));
}

export async function writeTrust(files: Files = acmeFiles(), directory?: string): Promise<string> {
  const target = directory ?? (await temporaryDirectory());
  for (const [name, content] of Object.entries(files)) {
    if (content !== null) await writeDocument(target, name, content);
  }
  return target;
}

/** The same as documents in KV, which is what a file's text becomes. */
export function stored(files: Files = acmeFiles()): TrustDocument[] {
  const members = {
    idp: "issuer",
    client: "client_id",
    resource: "resource",
    tools: "resource",
    policy: "organization",
    sink: "name",
  };
  return Object.entries(files).flatMap(([path, content]) => {
    if (content === null || typeof content === "string") return [];
    const [kind = ""] = path.split("/");
    const name = Object.entries(members).find(([candidate]) => candidate === kind)?.[1] ?? "";
    return [{ key: `${kind}:${String(content[name])}`, value: JSON.stringify(content), path }];
  });
}
