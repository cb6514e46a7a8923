/** What a workload has to say: tables, figures, remarks and the raw numbers. */
import type { Figure } from './figure.ts';
import type { Plot } from './plot.ts';
import type { Table } from './table.ts';

export interface Section {
  readonly workload: string;
  readonly title: string;
  /** What is done, in a sentence or two: a number without it says nothing. */
  readonly about: string;
  readonly tables: readonly Table[];
  readonly remarks: readonly string[];
  readonly figures: readonly Figure[];
  readonly plots?: readonly Plot[];
  /** What the tables were made of, for the JSON. */
  readonly data: unknown;
}
