/** What the workload `json` has as its own step, beside its YAML: a field is put beside the others. */
import { defineOperator } from 'araldo';
import { z } from 'zod';

export default defineOperator({
  kind: 'fn',
  name: 'with-total',
  summary: 'Adds what the order costs.',
  options: z.strictObject({ vat: z.number() }),
  create:
    ({ vat }) =>
    (message) => {
      const order = message.payload as { readonly qty: number; readonly price: number };
      return { ...order, total: order.qty * order.price * vat };
    },
});
