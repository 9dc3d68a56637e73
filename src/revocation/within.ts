/** Whoever does not answer in time has not answered. @throws when the time is up, or what `work` throws */
export async function within<Result>(milliseconds: number, work: Promise<Result>): Promise<Result> {
  const { promise: timeIsUp, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds);
  try {
    return await Promise.race([work, timeIsUp]);
  } finally {
    clearTimeout(timer);
  }
}
