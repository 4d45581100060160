/** So many are asked about at once: enough to be quick, few enough for a small server. */
const concurrency = 16;

/** The answers in the order of the items. */
export async function lookUpEach<Item, Answer>(
  items: readonly Item[],
  look: (item: Item) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let start = 0; start < items.length; start += concurrency) {
    answers.push(...(await Promise.all(items.slice(start, start + concurrency).map(look))));
  }
  return answers;
}
