/** One after the other: what is measured must not share the machine with what is measured next. */
export async function inOrder<Item, Result>(
  items: Iterable<Item>,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  // oxlint-disable-next-line no-await-in-loop -- the very purpose
  for (const item of items) results.push(await work(item));
  return results;
}
