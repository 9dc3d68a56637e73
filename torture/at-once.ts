/** Works through all of them, so many at the same time. */
export async function atOnce<Item>(
  limit: number,
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = [...items].toReversed();
  const worker = async (): Promise<void> => {
    for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, for each worker
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
}
