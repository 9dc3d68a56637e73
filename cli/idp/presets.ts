/** What a provider documents about its issuers. Nothing is in here that only usually holds. */
export interface Preset {
  readonly name: string;
  /** The shape of its issuer identifiers, for people and as an expression. */
  readonly issuerShape: string;
  readonly issuer: RegExp;
  /** Where its key set is, for one of its issuers. */
  readonly jwksUri: (issuer: string) => string;
  /** The claim that lists groups, where it has one name at every customer. */
  readonly groupsClaim: string | null;
  /** Whether it issues ID-JAGs, by its own documentation as of late 2026. */
  readonly idJags: "issued" | "by_extension" | "not_documented";
  readonly notes: readonly string[];
}

const NAME_YOUR_CLAIM =
  "Its groups claim has the name that your administrator gave it: state it as groups_claim, if rules select on groups.";

export const PRESETS = {
  okta: {
    name: "Okta",
    issuerShape: "https://ORG.okta.com",
    issuer: /^https:\/\/[a-z0-9-]+\.okta(?:preview|-emea)?\.com$/,
    jwksUri: (issuer) => `${issuer}/oauth2/v1/keys`,
    groupsClaim: null,
    idJags: "issued",
    notes: [
      "It issues ID-JAGs (Cross App Access), from the organization's own issuer and not from a custom authorization server (/oauth2/…).",
      "It compares Crossgate's issuer byte for byte: register it without a slash at the end.",
      "An ID-JAG has an email only if the agent asked for the scope email when the user signed in.",
      "It documents a groups claim for ID tokens and none for ID-JAGs: look into one before rules select on groups.",
    ],
  },
  auth0: {
    name: "Auth0",
    issuerShape: "https://TENANT.auth0.com/ (with the slash)",
    issuer: /^https:\/\/[a-z0-9-]+(?:\.[a-z]{2,3})?\.auth0\.com\/$/,
    jwksUri: (issuer) => `${issuer}.well-known/jwks.json`,
    groupsClaim: null,
    idJags: "not_documented",
    notes: [
      "A custom domain is an issuer of its own (https://CUSTOM-DOMAIN/, with the slash): look into a token for its iss.",
      "It documents that it redeems ID-JAGs (Early Access), not that it issues any: in Cross App Access they come from Okta, so trust Okta's issuer.",
      NAME_YOUR_CLAIM,
    ],
  },
  entra: {
    name: "Microsoft Entra ID",
    issuerShape: "https://login.microsoftonline.com/TENANT-ID/v2.0",
    issuer: /^https:\/\/login\.microsoftonline\.com\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\/v2\.0$/,
    jwksUri: (issuer) => issuer.replace(/\/v2\.0$/, "/discovery/v2.0/keys"),
    groupsClaim: "groups",
    idJags: "not_documented",
    notes: [
      "Microsoft documents no ID-JAGs: until it issues some, this document lets nobody in.",
      "The claim groups is optional there: add it to the token, and expect object ids, not names.",
      "Beyond 200 groups a token has a link in place of the list, and no rule that selects on groups applies.",
    ],
  },
  keycloak: {
    name: "Keycloak",
    issuerShape: "https://HOST/realms/REALM",
    issuer: /\/realms\/[^/]+$/,
    jwksUri: (issuer) => `${issuer}/protocol/openid-connect/certs`,
    groupsClaim: null,
    idJags: "by_extension",
    notes: [
      "It redeems ID-JAGs as an experiment (26.7, feature identity-assertion-jwt) and issues none: that takes an extension.",
      NAME_YOUR_CLAIM,
    ],
  },
  google: {
    name: "Google Workspace",
    issuerShape: "https://accounts.google.com",
    issuer: /^https:\/\/accounts\.google\.com$/,
    jwksUri: () => "https://www.googleapis.com/oauth2/v3/certs",
    groupsClaim: null,
    idJags: "not_documented",
    notes: [
      "Google documents no ID-JAGs: until it issues some, this document lets nobody in.",
      "One issuer for every Google customer, and its tokens have no tenant claim: organization would stand for all of them.",
      "It documents that older integrations are answered with the issuer accounts.google.com, without https: such a token is refused.",
      "It puts no groups into its tokens.",
    ],
  },
} as const satisfies Record<string, Preset>;

/** @returns null for a name that is none */
export function findPreset(name: string): Preset | null {
  return Object.entries(PRESETS).find(([candidate]) => candidate === name)?.[1] ?? null;
}
