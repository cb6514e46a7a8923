// The mistake: what RxJS's own debounceTime drops is never settled, and takes up a place at its source for ever.
import { defineOperator } from 'araldo';
import { debounceTime } from 'rxjs';
import { z } from 'zod';

export default defineOperator({
  kind: 'rx',
  name: 'draft',
  summary: 'Keeps the last edit when its author pauses.',
  obligations: 'preserved',
  options: z.strictObject({ pause: z.int().positive() }),
  create: ({ pause }) => debounceTime(pause),
});
