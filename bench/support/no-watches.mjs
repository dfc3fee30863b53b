// Loaded into a server (`--import`): no file can be watched, as where the user's watches are used up.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

fs.watch = () => {
  throw Object.assign(new Error('ENOSPC: System limit for number of file watchers reached'), { code: 'ENOSPC' });
};
syncBuiltinESMExports();
