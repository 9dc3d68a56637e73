/** Advisory: when the limiter itself fails, requests go on, and the ledger's own bounds still hold. */
export async function isWithin(limiter: RateLimit, key: string): Promise<boolean> {
  try {
    return (await limiter.limit({ key })).success;
  } catch {
    return true;
  }
}
