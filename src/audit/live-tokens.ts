import { LIMITS } from "../limits.ts";
import { earliestPlace } from "./place.ts";
import type { Reach } from "./reach.ts";

type Index = Pick<D1Database, "prepare">;

/** Members of an audit record by which a token is told, each with the value that it must have. */
export type TokenMembers = Readonly<Record<string, string>>;

const LIVE = `
  SELECT count(*) AS tokens, count(DISTINCT event ->> 'principal') AS people, count(DISTINCT client_id) AS clients,
    count(DISTINCT json_array(event ->> 'organization', client_id, event ->> 'resource')) AS connections
  FROM audit_event
  WHERE place >= CAST(?1 AS INTEGER) AND type = 'redemption' AND decision = 'granted'
    AND event ->> 'token_expires_at' > ?2
    AND NOT EXISTS (SELECT 1 FROM json_each(?3) AS wanted WHERE CASE
      WHEN wanted.key = 'client_id' AND wanted.value LIKE '%/*'
      THEN substr(audit_event.event ->> wanted.key, 1, length(wanted.value) - 1) IS NOT rtrim(wanted.value, '*')
      ELSE audit_event.event ->> wanted.key IS NOT wanted.value END)`;

/** A family of clients is all below its path. Tokens that are good now, as far as their records have come to the index: some seconds behind. */
export async function countLiveTokens(index: Index, members: TokenMembers, nowMilliseconds: number): Promise<Reach> {
  const since = earliestPlace(nowMilliseconds - LIMITS.accessTokenLifetimeMaximumSeconds * 1000);
  const statement = index.prepare(LIVE).bind(String(since), nowMilliseconds / 1000, JSON.stringify(members));
  return (await statement.first<Reach>()) ?? { tokens: 0, people: 0, clients: 0, connections: 0 };
}
