/** @throws when `promise` takes longer than anyone should wait; what it was doing is left to itself */
export async function withinDeadline<Value>(promise: Promise<Value>, milliseconds: number): Promise<Value> {
  const { promise: deadline, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("deadline")), milliseconds);
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
