// Loaded into a server by rows/history.mjs (`--import`): old jobs are removed from its first moments on, and again and
// again, not every ten minutes.
const { setInterval: set } = globalThis;
const TEN_MINUTES = 600_000;
globalThis.setInterval = (action, ms, ...more) => set(action, ms === TEN_MINUTES ? 500 : ms, ...more);
