import { countLiveTokens } from "../audit/live-tokens.ts";
import { CredentialRefused } from "../credentials/credential-refused.ts";
import { fetchDocument } from "../egress/bounded-fetch.ts";
import { LIMITS } from "../limits.ts";
import { within } from "../revocation/within.ts";
import { reportFault } from "../reporting.ts";
import type { GlobalRevocationDependencies } from "../signals/global-token-revocation.ts";
import type { PollDependencies } from "../signals/poll.ts";
import type { SignalDependencies } from "../signals/push-endpoint.ts";
import { ClientSecrets } from "../token-endpoint/client-authentication/client-secret.ts";
import { networkOf } from "../token-endpoint/network.ts";
import type { TrustedIdp } from "../trust/trusted-idp.ts";
import type { Parts } from "./parts.ts";
import { isWithin } from "./rate.ts";
import { requireSecret } from "./required-secret.ts";

/** Everything by which identity providers end access. */
export interface SignalServices {
  readonly signals: SignalDependencies & PollDependencies;
  readonly globalRevocation: GlobalRevocationDependencies;
}

export function buildSignals(parts: Parts): SignalServices {
  const { env, ledger } = parts;
  const secrets = new ClientSecrets(requireSecret("CLIENT_SECRET_PEPPER", env.CLIENT_SECRET_PEPPER));
  const heard = buildHeard(parts);
  return {
    signals: {
      ...heard,
      isAuthorized: async ({ signals }, authorization) => {
        const digests = signals?.authorization_digests ?? [];
        return digests.length === 0 || secrets.matches(authorization, digests);
      },
      post: buildPost(parts),
    },
    globalRevocation: {
      ...heard,
      consume: ({ idp, jti, retainUntilSeconds }, request) =>
        ledger.consume({
          namespace: "global-token-revocation",
          owner: idp.issuer,
          jti,
          attemptId: crypto.randomUUID(),
          sharedWith: [request],
          retainUntilSeconds,
          event: null,
        }),
    },
  };
}

type Heard = Omit<SignalDependencies, "isAuthorized" | "join"> & Pick<GlobalRevocationDependencies, "join">;

function buildHeard(parts: Parts): Heard {
  const { env, runtime, config, trust, issuerKeys, accounts, revocations, recorder, subjectNames } = parts;
  return {
    issuer: config.issuer,
    findIdp: (issuer) => trust.find("idp", issuer),
    findKey: (idp, wanted) => issuerKeys.find(`idp:${idp.issuer}`, idp.key_set, wanted),
    isRevoked: (names) => revocations.stops({ names, signedInAtMilliseconds: Date.now() }),
    isNetworkWithinRate: (request) => isWithin(env.NETWORK_RATE_LIMIT, networkOf(request.headers)),
    findAccountByEmail: (organization, address) => accounts.findByEmail(organization, address),
    note: (note) => revocations.noteStream(note),
    join: (fences, issuer) => revocations.join(fences, `idp:${issuer}`),
    countCutOff: async (named) => {
      const counting = subjectNames.record(named);
      const reach = Promise.resolve(counting).then((names) => countLiveTokens(env.AUDIT_INDEX, names, Date.now()));
      return within(LIMITS.cutOffCountMilliseconds, reach).then(
        ({ tokens }) => tokens,
        () => null,
      );
    },
    record: (event) => recorder.record(event),
    reportFault: (correlationId, cause) => reportFault(runtime, correlationId, cause),
  };
}

function buildPost({ config, vaults }: Parts): PollDependencies["post"] {
  const bounds = { bytes: LIMITS.pollBytes, milliseconds: LIMITS.pollMilliseconds, rules: config.egress };
  return async (idp, { endpoint, authorization_secret: name }, body) => {
    const authorization = name === undefined ? {} : { authorization: await findAuthorization(name, idp, vaults) };
    const headers = { "content-type": "application/json", accept: "application/json", ...authorization };
    return (await fetchDocument(endpoint, bounds, { method: "POST", headers, body })).text;
  };
}

/** As the stream was set up; a secret that is meant for somebody else is not sent to this provider. */
async function findAuthorization(name: string, { issuer }: TrustedIdp, vaults: Parts["vaults"]): Promise<string> {
  const revealed = await vaults.revealSecret(name, issuer, { isRefused: false });
  if (typeof revealed === "string") throw new CredentialRefused(CREDENTIAL_REFUSALS[revealed]);
  if (!AUTHORIZATION.test(revealed.value)) throw new CredentialRefused("credential_unusable");
  return revealed.value;
}

const CREDENTIAL_REFUSALS = { absent: "credential_absent", not_for_resource: "credential_not_for_resource" } as const;
const AUTHORIZATION = /^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/;
