/** Each worker takes the next item as soon as it is free. After a failure the others end with the item that they have; the first counts. */
export async function eachAtOnce<Worker, Item>(
  workers: readonly Worker[],
  items: readonly Item[],
  work: (worker: Worker, item: Item) => Promise<void>,
): Promise<void> {
  const waiting = [...items];
  const failures: unknown[] = [];
  const run = async (worker: Worker): Promise<void> => {
    while (failures.length === 0) {
      const item = waiting.shift();
      if (item === undefined) return;
      try {
        await work(worker, item);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(workers.map(run));
  if (failures.length > 0) throw failures[0] as Error;
}
