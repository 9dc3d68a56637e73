import { tokenBody } from "../../bench/token-requests.ts";
import { signText, type TestKey } from "../../test/support/test-idp.ts";
import type { Members } from "../../test/support/documents.ts";
import type { Answer, Connection, Outgoing } from "../connection.ts";
import type { World } from "../world.ts";
import type { Told } from "./kinds.ts";
import { nowInSeconds, type People } from "./people.ts";

export interface Players {
  readonly people: People;
  readonly world: World;
  readonly connection: Connection;
}

export const FORM = ["content-type", "application/x-www-form-urlencoded"] as const;

/** As it came to the custom domain. @returns null where there was no answer */
export function send(outgoing: Outgoing, { world, connection, people }: Players): Promise<Answer | null> {
  const host = [
    ["host", new URL(people.sender.issuer).host],
    ["x-forwarded-proto", "https"],
  ] as const;
  const headers = [...host, ...outgoing.headers];
  return connection.send({ ...outgoing, headers }, world.crossgate.port).catch(() => null);
}

/** A token to call with, and a nonce to prove with. @throws where a good request is not granted */
export async function listen(players: Players): Promise<Told> {
  const { people } = players;
  const headers = [FORM, ["authorization", people.sender.basic]] as const;
  const ask = async (more: readonly (readonly [string, string])[]): Promise<Answer | null> => {
    const body = tokenBody(await signAssertion(people));
    return send({ method: "POST", path: "/token", headers: [...headers, ...more], body }, players);
  };
  const granted = await ask([]);
  const { access_token: accessToken } = JSON.parse(granted?.body ?? "{}") as { access_token?: unknown };
  const challenged = await ask([["dpop", await signProof(people, undefined)]]);
  const nonce = challenged?.headers["dpop-nonce"];
  if (typeof accessToken !== "string" || typeof nonce !== "string") {
    throw new TypeError(
      `good requests were answered ${granted?.status ?? "not at all"} and ${challenged?.status ?? "not at all"}`,
    );
  }
  return { accessToken, nonce };
}

export function signAssertion({ sender }: People): Promise<string> {
  const { key } = sender.idp;
  return signWith(key, { typ: "oauth-id-jag+jwt", alg: key.alg, kid: key.kid }, sender.claims());
}

export function signProof({ sender, proofKey: key }: People, nonce: string | undefined): Promise<string> {
  const claims = { htm: "POST", htu: `${sender.issuer}/token`, jti: crypto.randomUUID(), iat: nowInSeconds(), nonce };
  return signWith(key, { typ: "dpop+jwt", alg: key.alg, jwk: key.material }, claims);
}

export function signWith(key: TestKey, header: Members, claims: Members): Promise<string> {
  return signText(JSON.stringify(header), JSON.stringify(claims), key);
}
