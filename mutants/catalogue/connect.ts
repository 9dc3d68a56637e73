import { type Mutant, seed } from "../mutant.ts";

const area = "connect";
const forged = "test/abuse/connect-forged-answers.test.ts";
const confused = "test/abuse/connect-consent-confusion.test.ts";
const tests = ["test/connect/connect-endpoint.test.ts", forged, confused];

/** Where people connect accounts of theirs: whose answer it is, and for whom. */
export const CONNECT: readonly Mutant[] = [
  ...seed({
    area,
    file: "src/connect/sign-in.ts",
    tests,
    mistakes: [
      [
        "one-redirect-uri",
        "one identity provider's answer passes for another's",
        'if (`${uses.issuer}${url.pathname}` !== redirectUri) throw new ConnectRefused("connect_issuer_mismatch");',
        "",
      ],
      [
        "another-client-lent",
        "a sign-in is lent to another client than it is for",
        'if (!isFit) throw new ConnectRefused("connect_sign_in_not_configured");',
        "",
      ],
      [
        "another-person",
        "somebody else connects an account to this person's calls",
        "requireSamePerson(person, wanted);",
        "",
      ],
      [
        "stopped-person",
        "who has been stopped signs in",
        "await requireNotRevoked({ person, wanted }, uses);\n  return person;",
        "return person;",
      ],
      [
        "disabled-provider",
        "a provider that is disabled signs people in",
        "idp?.enabled !== true || idp.sign_in === undefined",
        "idp?.sign_in === undefined",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/connect/authorization.ts",
    tests,
    mistakes: [
      [
        "one-callback",
        "one authorization server's code is redeemed at another",
        'if (`${uses.issuer}${url.pathname}` !== redirectUri) throw new ConnectRefused("connect_issuer_mismatch");',
        "",
      ],
      [
        "server-replaced-under-way",
        "a code goes to whatever server the upstream names by now",
        'if (server.issuer !== issuer) throw new ConnectRefused("connect_issuer_mismatch");',
        "",
      ],
      [
        "document-changed-under-way",
        "what is kept is not what was agreed to",
        "binding !== (await bindingOf(granting.resource.upstream, granting.credential))",
        "false",
      ],
      [
        "indistinct-server",
        "a server that does not say who it is has another's code brought to it",
        'if (credential.client.kind === "metadata_document" && !namesItself)',
        "if (false)",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/connect/offer.ts",
    tests,
    mistakes: [
      [
        "foreign-provider",
        "a sign-in is lent for a server that takes another provider's word",
        " && credential.idp === wanted.issuer",
        "",
      ],
      [
        "disabled-server",
        "an account is connected to a server that is disabled",
        "resource?.enabled !== true",
        "resource === undefined",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/connect/oauth-leg.ts",
    tests,
    mistakes: [
      [
        "state-unchecked",
        "an answer that another browser began is taken",
        'if (parameters.get("state") !== state) throw new ConnectRefused("connect_state_mismatch");',
        "",
      ],
      [
        "state-not-spent",
        "an answer is looked at a second time",
        'if ((await spendState(state)) === "replayed") throw new ConnectRefused("connect_state_replayed");',
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/connect/connect-endpoint.ts",
    tests,
    mistakes: [
      [
        "form-token-unchecked",
        "another site's page agrees for a person",
        'if (form.get("csrf") !== journey.csrf) throw new ConnectRefused("connect_form_foreign");',
        "",
      ],
      [
        "foreign-page",
        "a page of another origin agrees for a person",
        'if (!isOurs) throw new ConnectRefused("connect_form_foreign");',
        "",
      ],
      [
        "kept-without-record",
        "a connection is made that no record tells of",
        "  await recordConnection(visit, null);\n",
        "",
      ],
      [
        "stopped-at-the-end",
        "who was stopped under way connects",
        "  await requireNotRevoked(journey, visit.uses);\n  await recordConnection",
        "  await recordConnection",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/connect/id-token.ts",
    tests: ["test/connect/id-token.test.ts"],
    mistakes: [
      ["nonce-ignored", "an ID token of another sign-in is taken", ' || claims["nonce"] !== expected.nonce', ""],
      ["audience-ignored", "an ID token for another client is taken", "!isForUs(claims, expected.clientId) || ", ""],
      [
        "type-ignored",
        "an ID-JAG is taken for an ID token",
        'types: [null, "jwt"]',
        'types: [null, "jwt", "oauth-id-jag+jwt"]',
      ],
    ],
  }),
];
