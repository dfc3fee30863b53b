// A promise that is not waited for longer than so long.

/**
 * Resolves or rejects as the promise does; with undefined if that takes longer than `ms` milliseconds. The timer keeps
 * the process alive, as somebody waits for it (a command line has nothing else that does), and is gone with the promise.
 */
export function atMost<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(undefined), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
