// A promise that is not waited for longer than so long.

/**
 * Resolves or rejects as the promise does; with undefined if that takes longer than `ms` milliseconds. The timer keeps no
 * process alive, and is gone with the promise.
 */
export function atMost<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(undefined), ms).unref();
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
