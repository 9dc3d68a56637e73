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
    notes: [
      "ID-JAGs come from the organization's own issuer, not from a custom authorization server (/oauth2/…).",
      NAME_YOUR_CLAIM,
    ],
  },
  auth0: {
    name: "Auth0",
    issuerShape: "https://TENANT.auth0.com/ (with the slash)",
    issuer: /^https:\/\/[a-z0-9-]+(?:\.[a-z]{2,3})?\.auth0\.com\/$/,
    jwksUri: (issuer) => `${issuer}.well-known/jwks.json`,
    groupsClaim: null,
    notes: ["In Cross App Access its ID-JAGs are issued by Okta: trust Okta's issuer for those.", NAME_YOUR_CLAIM],
  },
  entra: {
    name: "Microsoft Entra ID",
    issuerShape: "https://login.microsoftonline.com/TENANT-ID/v2.0",
    issuer: /^https:\/\/login\.microsoftonline\.com\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\/v2\.0$/,
    jwksUri: (issuer) => issuer.replace(/\/v2\.0$/, "/discovery/v2.0/keys"),
    groupsClaim: "groups",
    notes: ["The claim groups is optional there: add it to the token, and expect object ids, not names."],
  },
  keycloak: {
    name: "Keycloak",
    issuerShape: "https://HOST/realms/REALM",
    issuer: /\/realms\/[^/]+$/,
    jwksUri: (issuer) => `${issuer}/protocol/openid-connect/certs`,
    groupsClaim: null,
    notes: ["Issuing ID-JAGs needs an extension there.", NAME_YOUR_CLAIM],
  },
  google: {
    name: "Google Workspace",
    issuerShape: "https://accounts.google.com",
    issuer: /^https:\/\/accounts\.google\.com$/,
    jwksUri: () => "https://www.googleapis.com/oauth2/v3/certs",
    groupsClaim: null,
    notes: [
      "One issuer for every Google customer, and its tokens have no tenant claim: organization would stand for all of them.",
      "It puts no groups into its tokens.",
    ],
  },
} as const satisfies Record<string, Preset>;

/** @returns null for a name that is none */
export function findPreset(name: string): Preset | null {
  return Object.entries(PRESETS).find(([candidate]) => candidate === name)?.[1] ?? null;
}
