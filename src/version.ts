// This package's version, from the one place it is written down.
import manifest from '../package.json' with { type: 'json' };

export const VERSION: string = manifest.version;
