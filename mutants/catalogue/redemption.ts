import { type Mutant, seed } from "../mutant.ts";

const area = "redemption";
const checks = "src/redemption/checks";
const test = (name: string): readonly string[] => [`test/redemption/checks/${name}.test.ts`];

/** The checks of an ID-JAG and their order. */
export const REDEMPTION: readonly Mutant[] = [
  ...seed({
    area,
    file: "src/redemption/redemption.ts",
    tests: ["test/redemption/order.test.ts"],
    mistakes: [
      [
        "audience-not-in-the-list",
        "an assertion for another server is redeemed",
        '\n  .check("audience", assertionAudience)',
        "",
      ],
      ["policy-not-in-the-list", "the organization's rules are not asked", '\n  .check("policy", policy)', ""],
      [
        "single-use-not-in-the-list",
        "nothing is consumed and nothing recorded",
        '\n  .check("single_use", singleUse);',
        ";",
      ],
    ],
  }),
  ...seed({
    area,
    file: `${checks}/assertion-type.ts`,
    tests: test("assertion-type"),
    mistakes: [
      [
        "type-ignored",
        "an ID Token or a client assertion passes for an ID-JAG",
        'if (jws.header.typ !== ID_JAG_TYPE) throw new Rejected("assertion_type");',
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: `${checks}/issuer-trusted.ts`,
    tests: test("issuer-trusted"),
    mistakes: [
      ["own-issuer-trusted", "an assertion that we could have minted is believed", " || claimed === issuer", ""],
      [
        "record-of-another-issuer",
        "the record of one issuer speaks for another",
        " || found.document.issuer !== claimed",
        "",
      ],
      [
        "disabled-issuer",
        "a disabled identity provider goes on asserting",
        'if (!found.document.enabled) throw new Rejected("issuer_disabled");',
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: `${checks}/tenant.ts`,
    tests: test("tenant"),
    mistakes: [
      [
        "our-tenant-ignored",
        "an assertion for another organization of ours is taken",
        " || (ours ?? organization) !== organization",
        "",
      ],
      [
        "tenant-by-prototype",
        "a tenant named like a member of every object is an organization",
        "claimed !== undefined && Object.hasOwn(idp.tenants, claimed) ? idp.tenants[claimed] : undefined",
        "claimed === undefined ? undefined : idp.tenants[claimed]",
      ],
    ],
  }),
  ...seed({
    area,
    file: `${checks}/algorithm-allowed.ts`,
    tests: test("algorithm-allowed"),
    mistakes: [
      [
        "any-algorithm",
        "the token's header, and not the issuer's record, chooses the algorithm",
        "idp.algorithms.find((allowed) => allowed === jws.header.alg)",
        "idp.algorithms[0]",
      ],
    ],
  }),
  ...seed({
    area,
    file: `${checks}/signature.ts`,
    tests: test("signature"),
    mistakes: [
      [
        "signature-unchecked",
        "anybody signs in anybody's name",
        'if (!(await isSignedBy(jws, key, algorithm))) throw new Rejected("signature_invalid");',
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: `${checks}/audience.ts`,
    tests: test("audience"),
    mistakes: [
      ["second-audience", "an assertion for several servers is taken by each", " || others.length > 0", ""],
      [
        "audience-by-prefix",
        "our token endpoint's URL passes for our identifier",
        "only !== issuer",
        "!only?.startsWith(issuer)",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/redemption/acceptance-window.ts",
    tests: ["test/redemption/acceptance-window.test.ts"],
    mistakes: [
      [
        "expiry-ignored",
        "an expired assertion is redeemed",
        'if (nowSeconds >= expiresAtSeconds + tolerance) return "assertion_expired";',
        "",
      ],
      [
        "lifetime-uncapped",
        "an assertion for ten years is redeemed, and forgotten long before it ends",
        " || lifetimeSeconds > rules.maximumLifetimeSeconds",
        "",
      ],
      [
        "not-before-ignored",
        "an assertion of the future is redeemed",
        "Math.max(issuedAtSeconds, notBeforeSeconds ?? 0)",
        "issuedAtSeconds",
      ],
      [
        "retention-too-short",
        "an identifier is forgotten while the assertion is still accepted",
        "expiresAtSeconds + 2 * tolerance + 60",
        "expiresAtSeconds",
      ],
    ],
  }),
  ...seed({
    area,
    file: `${checks}/client-continuity.ts`,
    tests: test("client-continuity"),
    mistakes: [
      [
        "another-clients-assertion",
        "a client redeems what was issued to another",
        'if (idJag.clientId !== client.client_id) throw new Rejected("client_mismatch");',
        "",
      ],
    ],
  }),
];
