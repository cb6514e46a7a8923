import { defineEndpoint, type Schema } from 'araldo';

const anything: Schema<object> = {
  '~standard': { version: 1, vendor: 'by-hand', validate: (value) => ({ value: value as object }) },
};

export default defineEndpoint({
  kind: 'endpoint',
  id: 'endpoint-own',
  summary: 'Prints what it is sent.',
  options: anything,
  capabilities: () => ({ sink: { confirms: 'handed', reaches: 'system', carries: 'values' } }),
  create: (_options, context) =>
    context.connect(() => ({
      write(message) {
        process.stdout.write(`${context.name}: ${String(message.payload)}\n`);
        return true;
      },
    })),
});
