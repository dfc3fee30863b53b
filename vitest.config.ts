import { defineConfig } from 'vitest/config';

// No test may touch a user's own store: each makes its own folder and says so. The guard in
// src/config/paths.ts refuses the default folder under the test runner.
export default defineConfig({
  test: {
    reporters: ['default', './test/support/tally-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/real-clis/**', 'test/real-clients/**'],
          testTimeout: 20_000,
        },
      },
      {
        // Three at a time even on two cores: these tests mostly wait.
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 3,
        },
      },
    ],
  },
});
