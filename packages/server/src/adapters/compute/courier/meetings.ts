// Every node of a launch asks where the others are, again and again until all are there: a hundred nodes ask a hundred times for what takes a
// look at a hundred folders. They are given the same look.

/** What a look has cost is spent at most once in so many times of it. */
const SPARED = 10;

/** `look`: what is asked, of one key. Its answer is given to all who ask while it is sought, and then for ten times as long as it took. */
export function createMeetings<T>(look: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const kept = new Map<string, Promise<T>>();
  return (key) => {
    const known = kept.get(key);
    if (known !== undefined) return known;
    const began = performance.now();
    const answer = look(key);
    kept.set(key, answer);
    const forget = (): void => void kept.delete(key);
    answer.then(() => setTimeout(forget, SPARED * (performance.now() - began)).unref(), forget);
    return answer;
  };
}
