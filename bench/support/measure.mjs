// Times things so that figures of one run can be compared: in turn with their floor, never one after the other.

/** The value below which the given share (0 to 1) of the values lies. */
export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

export const median = (values) => percentile(values, 0.5);

/** Milliseconds that `action` takes. */
export async function timed(action) {
  const begun = performance.now();
  await action();
  return performance.now() - begun;
}

/**
 * Times several actions in turn (A B C A B C …), so that all of them see the same machine.
 * @param {number} rounds counted rounds, after one that is not
 * @param {Record<string, (round: number) => unknown>} actions one that returns a number has measured itself
 * @returns {Promise<Record<string, number[]>>} milliseconds of each action, or what it has measured, by round
 */
export async function inTurn(rounds, actions) {
  const times = Object.fromEntries(Object.keys(actions).map((name) => [name, []]));
  for (let round = -1; round < rounds; round += 1) {
    for (const [name, action] of Object.entries(actions)) {
      let own;
      const ms = await timed(async () => {
        own = await action(round);
      });
      if (round >= 0) times[name].push(typeof own === 'number' ? own : ms);
    }
  }
  return times;
}

/** A figure from times: the median, and the 99th percentile where there are enough of them. */
export function figureOf(name, times, { unit = 'ms', floor, ...rest } = {}) {
  return {
    name,
    value: median(times),
    unit,
    ...(times.length >= 100 && { p99: percentile(times, 0.99) }),
    ...(floor && { floor: median(floor) }),
    ...rest,
  };
}
