import { defineConfig } from 'vitest/config';

// The real CLIs against the fake model API on loopback: `npm run test:real`. Two files at a time: a CLI takes a core of its
// own for a second, and then it waits.
export default defineConfig({
  test: {
    reporters: ['default', './test/support/tally-reporter.ts'],
    include: ['test/real-clis/**/*.test.ts', 'test/real-clients/**/*.test.ts'],
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
