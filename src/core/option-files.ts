/** Files that the options of a step or a marshaller name. */

/** By paths relative to the configuration. */
export interface OptionFiles {
  /** The text of a file of at most 1 MiB. Rejects with an `AraldoError` (`unreadable-file`). */
  read(path: string): Promise<string>;
  /** What a file of the user's own exports as its default. Rejects with an `AraldoError`. */
  load(path: string): Promise<unknown>;
}
