// A request to build a command line of, with nothing special about it.
import type { ProviderRequest } from '../../src/providers/provider.js';

export const PLAIN: ProviderRequest = {
  cwd: '/home/ada/project',
  access: 'read-only',
  resume: false,
  trusted: true,
  extras: {},
  env: { HOME: '/home/ada' },
  files: {},
  reportFile: '/jobs/1/report',
};
