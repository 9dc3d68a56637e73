/** Stands in for a rate limit binding: asked as often as the real one, and always within the rate. */
export default function unlimitedRate(): { limit(): Promise<{ success: boolean }> } {
  return { limit: async () => ({ success: true }) };
}
