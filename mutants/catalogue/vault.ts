import { type Mutant, seed } from "../mutant.ts";

const area = "vault";

/** What people have entrusted to us, and what becomes of it. */
export const VAULT: readonly Mutant[] = [
  ...seed({
    area,
    file: "src/vault/envelope.ts",
    tests: ["test/vault/envelope.test.ts", "test/durable-objects/vault.test.ts"],
    mistakes: [
      [
        "owner-not-bound",
        "a row that is moved to another person's vault opens there",
        '"crossgate-vault/v1", organization, owner, kind',
        '"crossgate-vault/v1", organization, kind',
      ],
      [
        "version-not-bound",
        "a row of an earlier time is put back",
        "kind, id, upstream, version]));",
        "kind, id, upstream]));",
      ],
      [
        "upstream-not-bound",
        "a secret for one server is used at another",
        "kind, id, upstream, version]));",
        "kind, id, version]));",
      ],
    ],
  }),
  ...seed({
    area,
    file: "durable-objects/vault.ts",
    tests: ["test/durable-objects/vault.test.ts", "test/durable-objects/outbound-tokens.test.ts"],
    mistakes: [
      [
        "another-owners-vault",
        "an object that is reached by another's name answers as that other",
        'if (this.ctx.id.name !== vaultNameOf(owner)) throw new TypeError("another owner\'s vault");',
        "",
      ],
      [
        "secret-for-any-server",
        "a server's document names another server's secret",
        "resources === null ? mustName : !resources.includes(resource)",
        "resources === null ? mustName : false",
      ],
    ],
  }),
  ...seed({
    area,
    file: "durable-objects/kept-grants.ts",
    tests: ["test/durable-objects/outbound-tokens.test.ts", "test/abuse/grant-outlives-its-document.test.ts"],
    mistakes: [
      [
        "binding-ignored",
        "a grant goes on after its document has been narrowed",
        "(grant.binding === null || grant.binding !== use.binding)",
        "false",
      ],
      [
        "spending-resumed",
        "a refresh token is sent a second time after a crash",
        'if (grant.state === "spending") throw await this.#lose(found);',
        "",
      ],
      [
        "spending-not-said",
        "nobody knows after a crash that a refresh token was sent",
        'grant.rotates === false ? found : await this.#replace(found, { ...grant, state: "spending" })',
        "found",
      ],
      [
        "everybody-overtaken",
        "one connection's change loses another's refresh",
        "      if (!changed.has(recordOf(key))) continue;\n",
        "",
      ],
      [
        "secret-of-nobody",
        "a provider's secret is released for no provider",
        "prove(grant.client, name.id)",
        'prove(grant.client, "")',
      ],
      [
        "refused-token-again",
        "who has seen a token refused is given it again",
        "begun.isRefused || !use.isRefused",
        "true",
      ],
      [
        "another-person",
        "a refresh that speaks of somebody else is believed",
        "if (expiresAtSeconds === null) return null;",
        "if (expiresAtSeconds === null) return renewed as never;",
      ],
    ],
  }),
  ...seed({
    area,
    file: "durable-objects/token-sources.ts",
    tests: ["test/durable-objects/outbound-tokens.test.ts"],
    mistakes: [
      [
        "refresh-token-shown",
        "a provider's refresh token goes to another authorization server",
        'if (grant.token === null && receiver !== asked.issuer) throw refused("connection_lost");',
        "",
      ],
      [
        "foreign-provider",
        "one provider vouches for another's user",
        'if (idp !== asked.issuer) throw refused("connection_required");',
        "",
      ],
      [
        "foreign-client",
        "an ID token for one client of ours is presented by another",
        'if (grant.client.client_id !== idpClient.client_id) throw refused("connection_required");',
        "",
      ],
      [
        "provider-secret-for-server",
        "a provider's secret is released because a server's document names it",
        "this.#partyAt(idp, idp, idpClient)",
        "this.#partyAt(idp, asked.resource, idpClient)",
      ],
    ],
  }),
  ...seed({
    area,
    file: "durable-objects/token-acquisition.ts",
    tests: ["test/durable-objects/outbound-tokens.test.ts"],
    mistakes: [
      [
        "forgotten-token-given",
        "a token that was on its way when its person was revoked is given out",
        'if (entry.isForgotten) return { outcome: "refused", reason: "connection_required" };',
        "",
      ],
      [
        "another-person-described",
        "one caller is given the token that was made about another",
        "identity?.says ?? null, isAnother",
        "isAnother",
      ],
    ],
  }),
  ...seed({
    area,
    file: "durable-objects/outbound-tokens.ts",
    tests: ["test/durable-objects/outbound-tokens.test.ts"],
    mistakes: [
      [
        "deployments-for-people",
        "a person is given the deployment's own token",
        'if (isDeployments !== (asked.owner.organization === "")) throw new TypeError("a token of another kind of owner");',
        "",
      ],
    ],
  }),
  ...seed({
    area,
    file: "src/trust/grant-binding.ts",
    tests: ["test/abuse/grant-outlives-its-document.test.ts"],
    mistakes: [
      [
        "scope-not-bound",
        "a grant goes on with scopes that were taken away",
        "JSON.stringify(ours), JSON.stringify(scopes)]",
        "JSON.stringify(ours)]",
      ],
      [
        "client-not-bound",
        "a grant goes on by a client that was replaced",
        "client.kind, JSON.stringify(ours)",
        "client.kind",
      ],
      [
        "server-not-bound",
        "a grant goes on at an authorization server that was replaced",
        'upstream, server ?? "",',
        "upstream,",
      ],
    ],
  }),
];
