// What an endpoint plugin makes of its options, as somebody wrote them: for tests of plugins alone.

import type { Capabilities } from '../../src/core/endpoint.ts';
import type { EndpointPlugin } from '../../src/core/plugin.ts';

export interface WrittenOptions {
  /** All that is wrong, each as `path: message`; the path is empty where it is about all options together. */
  problems(written: unknown): Promise<string[]>;
  /** What an endpoint with these options can do; rejects when something is wrong with them. */
  capabilities(written: unknown): Promise<Capabilities>;
}

/** `const { problems, capabilities } = optionsOf(plugin);` */
export function optionsOf(plugin: EndpointPlugin): WrittenOptions {
  const parse = async (written: unknown) => plugin.options['~standard'].validate(written);
  return {
    problems: async (written) => {
      const { issues = [] } = await parse(written);
      return issues.map(({ path = [], message }) => `${path.map(String).join('.')}: ${message}`);
    },
    capabilities: async (written) => {
      const parsed = await parse(written);
      if (parsed.issues !== undefined) throw new Error(JSON.stringify(parsed.issues));
      return plugin.capabilities(parsed.value);
    },
  };
}
