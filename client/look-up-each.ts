/** So many are asked about at once: enough to be quick, few enough for a small server. */
const concurrency = 16;

/** The answers in the order of the items. After an error no further item is asked about. */
export async function lookUpEach<Item, Answer>(
  items: readonly Item[],
  look: (item: Item) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  const left = items.entries();
  let hasFailed = false;
  const askOn = async (): Promise<void> => {
    for (const [index, item] of left) {
      if (hasFailed) return;
      try {
        answers[index] = await look(item);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, askOn));
  return answers;
}
