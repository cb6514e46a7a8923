import { defineOperator, Message, type Schema } from 'araldo';

const options: Schema<{ tenant: string }> = {
  '~standard': {
    version: 1,
    vendor: 'by-hand',
    validate: (value) =>
      typeof value === 'object' && value !== null && 'tenant' in value && typeof value.tenant === 'string'
        ? { value: { tenant: value.tenant } }
        : { issues: [{ message: 'expected a tenant', path: ['tenant'] }] },
  },
};

export default defineOperator({
  kind: 'fn',
  name: 'shout',
  summary: 'Says it louder, and for whom.',
  options,
  create:
    ({ tenant }) =>
    (message) => {
      // There is one araldo in the process, so a message is a message here as well.
      if (!(message instanceof Message)) throw new Error('another copy of araldo');
      return `${String(message.payload).toUpperCase()} from ${tenant}`;
    },
});
