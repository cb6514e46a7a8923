import { defineEndpoint } from 'araldo';

/** Any Standard Schema will do; this one takes no options. */
const noOptions = {
  '~standard': {
    version: 1,
    vendor: 'by-hand',
    validate: (value) =>
      Object.keys(value).length === 0 ? { value } : { issues: [{ message: 'expected no options' }] },
  },
};

export default defineEndpoint({
  kind: 'endpoint',
  id: 'endpoint-announced',
  summary: 'Prints what it is sent.',
  options: noOptions,
  capabilities: () => ({ sink: { confirms: 'handed', reaches: 'system', carries: 'values' } }),
  create: (_options, context) =>
    context.connect(() => ({
      write(message) {
        process.stdout.write(`${context.name}: ${message.payload}\n`);
        return true;
      },
    })),
});
