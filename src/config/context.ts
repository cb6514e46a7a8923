/** What every part of reading a configuration is given. */
import type { Registry } from './configuration.ts';
import type { Problems } from './problem.ts';

export interface ReadContext {
  readonly problems: Problems;
  readonly registry: Registry;
  /** That of the configuration's file: paths and packages are found from there. */
  readonly directory: string;
  /** The names of the marshallers that are declared; they are read before the steps. */
  readonly marshallers: ReadonlySet<string>;
}
