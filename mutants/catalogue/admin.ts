import { type Mutant, seed } from "../mutant.ts";

const area = "admin";
const doors = ["test/abuse/admin-stranger.test.ts", "test/abuse/admin-replay.test.ts"];

/** Who may change trust and policy. */
export const ADMIN: readonly Mutant[] = [
  ...seed({
    area,
    file: "src/admin/change-notes.ts",
    tests: ["test/abuse/change-note-forgery.test.ts"],
    mistakes: [
      [
        "note-of-anybody",
        "a note that a stranger signed names an administrator",
        " || !(await isSignedByAdmin(jws, document))",
        "",
      ],
      ["note-of-the-disabled", "a disabled administrator goes on signing", " || !document.enabled", ""],
      [
        "note-for-another",
        "what was signed for another deployment is told here",
        " || aud !== adminAudience(collecting.issuer)",
        "",
      ],
      [
        "request-for-note",
        "a request of the admin API is taken for a note",
        "jws.header.typ !== SIGNED_CHANGE_TYPE || ",
        "",
      ],
      ["note-for-ever", "a signed note that somebody kept is told again", " && isRecent(read.note, collecting)", ""],
      [
        "deleted-before-recorded",
        "a note is lost when its record cannot be written",
        "if (text !== null) await record(await eventOf({ name, text }, collecting));",
        "await store.delete(name);\n    if (text !== null) await record(await eventOf({ name, text }, collecting));",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/admin/authentication/signed-request.ts",
    tests: [...doors, "test/admin/admin-endpoint.test.ts"],
    mistakes: [
      ["method-not-signed", "what was signed for GET deletes", 'claims["htm"] === request.method &&', ""],
      [
        "url-not-signed",
        "what was signed for one document changes another",
        'claims["htu"] === publicUrlOf(request, issuer)',
        'publicUrlOf(request, issuer) !== ""',
      ],
      [
        "audience-ignored",
        "what was signed for another deployment counts here",
        "audience[0] === adminAudience(issuer) &&",
        "",
      ],
      [
        "signature-unchecked",
        "anybody is any administrator",
        'return typeof key !== "string" && isSignedBy(jws, key, alg);',
        'return typeof key !== "string";',
      ],
      [
        "window-unchecked",
        "what was signed once serves for ever",
        'if (typeof window === "string") throw new AdminRejected("admin_token_expired", { admin });\n  return window.retainUntilSeconds;',
        'return typeof window === "string" ? nowSeconds + 60 : window.retainUntilSeconds;',
      ],
      [
        "type-ignored",
        "another JWT by the same key is a request",
        'if (jws.header.typ !== SIGNED_REQUEST_TYPE) throw new AdminRejected("admin_token_malformed");',
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/admin/admin-endpoint.ts",
    tests: [
      ...doors,
      "test/abuse/admin-roles.test.ts",
      "test/abuse/admin-cross-origin.test.ts",
      "test/admin/admin-endpoint.test.ts",
    ],
    mistakes: [
      [
        "body-not-signed",
        "a proxy exchanges the body",
        'if (bodyDigest !== (await digestBody(body))) throw new AdminRejected("admin_body_mismatch");',
        "",
      ],
      [
        "request-replayed",
        "a captured request is made again",
        'if ((await uses.consumeRequest(spendable)) === "replayed") throw new AdminRejected("admin_token_replayed");',
        "await uses.consumeRequest(spendable);",
      ],
      [
        "role-ignored",
        "a viewer changes policy",
        'if (!mayActAs(admin.role, route.role)) throw new AdminRejected("admin_role_insufficient");',
        "",
      ],
      [
        "cross-origin",
        "a web page makes its visitor change policy",
        'if (headers.has("origin") || site !== "none") throw new AdminRejected("admin_cross_origin");',
        "",
      ],
      [
        "change-before-its-record",
        "a change is made that nobody will ever know of",
        "await handling.uses.recorder.record(event);\n    return result.change();",
        "const changed = await result.change();\n    await handling.uses.recorder.record(event);\n    return changed;",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/admin/authentication/access-assertion.ts",
    tests: ["test/abuse/admin-access-assertion.test.ts"],
    mistakes: [
      [
        "access-audience-ignored",
        "a token for another application of the team opens ours",
        "Array.isArray(audiences) && audiences.includes(audience)",
        "Array.isArray(audiences)",
      ],
      ["access-issuer-ignored", "another team's token opens ours", 'claims["iss"] !== team || ', ""],
      ["access-sign-in-page", "the token of the sign-in page opens", ' || claims["type"] !== "app"', ""],
      [
        "access-signature-unchecked",
        "whoever reaches the Worker by another way is an administrator",
        'typeof key === "string" || !(await isSignedBy(jws, key, "RS256"))',
        'typeof key === "string"',
      ],
      [
        "access-expiry-ignored",
        "a session of last year opens",
        "const isOver = nowSeconds >= expiresAtSeconds;",
        "const isOver = nowSeconds < 0;",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/admin/authentication/authenticate-admin.ts",
    tests: [
      "test/abuse/admin-access-assertion.test.ts",
      "test/abuse/admin-stranger.test.ts",
      "test/admin/admin-endpoint.test.ts",
    ],
    mistakes: [
      [
        "key-by-its-address",
        "who gets an address named like a key is that key",
        'if (document.authentication.kind !== kind) throw new AdminRejected("admin_unknown");',
        "",
      ],
      [
        "disabled-administrator",
        "a disabled administrator goes on",
        'if (!enabled) throw new AdminRejected("admin_disabled", { admin: name });',
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/admin/roles.ts",
    tests: ["test/abuse/admin-roles.test.ts"],
    mistakes: [
      [
        "approver-operates",
        "who lets calls past the rules writes them as well",
        'approver: ["viewer", "approver"]',
        'approver: ["viewer", "operator", "approver"]',
      ],
    ],
  }),
];
