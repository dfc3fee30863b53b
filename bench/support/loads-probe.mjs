// Preloaded into a program (`--import`): notes each file of code that it loads, a line each, in the file LOADS_FILE.
import { appendFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

registerHooks({
  load(url, context, next) {
    appendFileSync(process.env.LOADS_FILE, `${url}\n`);
    return next(url, context);
  },
});
