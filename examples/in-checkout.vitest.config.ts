// The same as in-checkout.js, for vitest: `npx vitest run --config ../in-checkout.vitest.config.ts`.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^araldo$/, replacement: source('../src/index.ts') },
      { find: /^araldo\/operators$/, replacement: source('../operators/index.ts') },
      { find: /^araldo\/testing$/, replacement: source('../src/testing/index.ts') },
    ],
  },
  // As a package of node_modules is: taken as it is.
  test: { server: { deps: { external: [/\/(src|operators|plugins)\/.*\.ts$/] } } },
});
