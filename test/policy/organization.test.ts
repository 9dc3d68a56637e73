import { describe, expect, it } from "vitest";
import { parseTrustDocument } from "../../src/trust/documents.ts";
import { idpDocument, policyDocument } from "../support/documents.ts";

const RULES = { ownHost: "crossgate.example", allowsLoopback: false };

/** Whether each kind of document that names an organization takes this one. */
function accepted(organization: string): readonly boolean[] {
  const idp = idpDocument({ organization });
  const shared = idpDocument({ organization: undefined, tenants: { t1: organization } });
  const attempts = [
    () => parseTrustDocument("policy", entry(policyDocument({ organization }), organization), RULES),
    () => parseTrustDocument("idp", entry(idp, String(idp["issuer"])), RULES),
    () => parseTrustDocument("idp", entry(shared, String(shared["issuer"])), RULES),
  ];
  return attempts.map((attempt) => {
    try {
      attempt();
      return true;
    } catch {
      return false;
    }
  });
}

function entry(document: object, name: string): { readonly name: string; readonly text: string } {
  return { name, text: JSON.stringify(document) };
}

describe("the name of an organization is one thing wherever it stands", () => {
  it.each(["acme", "Acme_Inc.1-2", "a".repeat(64)])("%s", (name) => expect(accepted(name)).toEqual([true, true, true]));
  it.each(["", ".", "..", "a b", "a:b", "a/b", "ä", "a".repeat(65)])("not '%s'", (name) =>
    expect(accepted(name)).toEqual([false, false, false]),
  );
});
