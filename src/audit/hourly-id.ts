import { digestParts } from "../jwt/digest.ts";

const HOUR_MILLISECONDS = 3_600_000;

/** Many isolates notice one thing: the event's id is made of what it says, so that an hour holds one of each. */
export function hourlyId(parts: readonly string[], atMilliseconds: number): Promise<string> {
  return digestParts([...parts, String(Math.floor(atMilliseconds / HOUR_MILLISECONDS))]);
}
