import { defineConfig } from 'vitest/config';

const common = { pool: 'forks', passWithNoTests: false } as const;

export default defineConfig({
  test: {
    // Most of their time the tests wait for servers and nodes; by itself vitest takes one worker on two cores.
    maxWorkers: 2,
    projects: [
      { test: { ...common, name: 'unit', include: ['test/**/*.unit.test.ts'] } },
      {
        test: {
          ...common,
          name: 'integration',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.unit.test.ts', 'node_modules/**'],
          globalSetup: ['test/support/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        // Not a test: `npx vitest run --project record` writes test/fixtures/histories anew, for test/workflows/replay.
        test: {
          ...common,
          name: 'record',
          include: ['test/record/*.record.ts'],
          globalSetup: ['test/support/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
