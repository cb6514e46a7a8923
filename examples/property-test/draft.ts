// Of the edits of a document, the last one when its author pauses, with the number of its words.
import { defineOperator } from 'araldo';
import { debounce, map } from 'araldo/operators';
import { z } from 'zod';

export default defineOperator({
  kind: 'rx',
  name: 'draft',
  summary: 'Keeps the last edit of each document when its author pauses.',
  obligations: 'preserved', // each message that it takes it forwards or settles: the laws look whether that is true
  options: z.strictObject({ pause: z.int().positive().describe('In milliseconds.') }),
  create:
    ({ pause }, { scheduler }) =>
    (edits) =>
      edits.pipe(
        debounce({ ms: pause, key: (edit) => editOf(edit.payload).document, scheduler }),
        map((edit) => {
          const { document, text } = editOf(edit.payload);
          return { document, text, words: text.split(/\s+/).filter(Boolean).length };
        }),
      ),
});

function editOf(payload: unknown): { document: string; text: string } {
  return payload as { document: string; text: string };
}
