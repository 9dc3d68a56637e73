import { afterEach, expect, it, vi } from "vitest";
import { withinDeadline } from "../../src/egress/deadline.ts";

afterEach(() => {
  vi.useRealTimers();
});

it("gives what comes in time, and leaves no timer behind", async () => {
  vi.useFakeTimers();
  expect(await withinDeadline(Promise.resolve("value"), 1000)).toBe("value");
  await expect(withinDeadline(Promise.reject(new TypeError("own")), 1000)).rejects.toThrow("own");
  expect(vi.getTimerCount()).toBe(0);
});

it("throws at the deadline, and not a millisecond before", async () => {
  vi.useFakeTimers();
  const settled = vi.fn<() => void>();
  const late = withinDeadline(new Promise(() => {}), 1000).catch(settled);
  await vi.advanceTimersByTimeAsync(999);
  expect(settled).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  await late;
  expect(settled).toHaveBeenCalledOnce();
});
