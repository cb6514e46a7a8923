// What the step `enrich` of the route of all operators looks up: not everybody is known, and some questions fail.

export default () =>
  async (id: string): Promise<unknown> => {
    if (id.endsWith('8')) throw new Error('on purpose');
    return id.endsWith('6') ? undefined : { id };
  };
