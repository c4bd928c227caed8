import { defineConfig } from 'vitest/config';

export default defineConfig({
  // the time of a machine that does much else
  test: { include: ['test/**/*.test.ts'], testTimeout: 60_000 }
});
