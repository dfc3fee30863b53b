// A call may ask for several jobs; what it takes (a counter, an approval) it takes once.
import type { Store } from '../store/store.js';

/** `admit` for every job of one call: it runs until a transaction in which it ran is committed, and then never again. */
export function oncePerCall(store: Store, admit: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    admit();
    const is = (value: boolean) => () => {
      done = value;
    };
    store.note({ kept: is(true), lost: is(false) });
  };
}
