import { afterEach, expect, it, vi } from "vitest";
import { log } from "../../src/audit/operator-log.ts";

afterEach(() => void vi.restoreAllMocks());

it("an entry is one line of JSON", () => {
  const written = vi.spyOn(console, "error").mockImplementation(() => undefined);
  log({ event: "outage", reason: "a\nb" });
  expect(written).toHaveBeenCalledExactlyOnceWith('{"event":"outage","reason":"a\\nb"}');
});
